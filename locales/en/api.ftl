# Texts of the pages about the API and webhooks. Both languages have the same keys; a test sees to it.

api = API
api-lead = For other programs of the ministry: reading flagged posts and, with a token for it, deciding in the name of a person. No token signs packages.
api-address = https://address-of-the-desk
api-body = Body:
api-answers = Answers:
api-schemas = Shapes of bodies and answers
tokens = API tokens
tokens-empty = There is no token. Make one when a program has to read in your name.
token-name = What this token is for
token-days = Days that it holds
token-writes = May decide in my name
token-make = Make a token
token-once = Copy it now; it is shown once:
token-ends = Ends
token-used = Last day of use
token-may = May
token-reads = read
token-decides = read and decide
token-revoke = End it
tokens-nobody = Nobody has a token. People make their own on the page My account.
webhooks = Webhooks
webhooks-lead = events that other programs are told of
webhooks-empty = There is no address. Add one when another program has to know that something happened.
webhook-url = Address
webhook-kinds = Events
webhook-kinds-choose = Events that are sent (none: all)
webhook-behind = Not sent yet, at most
webhook-off = off
webhook-failing = { $count ->
    [one] failed once
   *[other] failed { $n } times in a row
  }
webhook-switch-on = Switch on
webhook-switch-off = Switch off
webhook-new = New address
webhook-help = Each event is sent in its order until it is taken, signed with HMAC-SHA-256 as Standard Webhooks say. It holds numbers of rows and counts only, no personal data. An address that takes nothing for three days is switched off.
webhook-secret = Key of the signatures; it is shown once:
webhook-add = Add
