# Texts of the desk. Both languages have the same keys; a test sees to it.

skip = Skip to content
nav = Menu
nav-home = Overview
nav-queue = Queue
nav-batches = Packages
nav-log = Log
other-language = Bahasa Indonesia
sign-in = Sign in
sign-out = Sign out
sign-in-lead = Review desk for posts about imported used clothing.
sign-in-slow = Too many tries for this name. Wait a little, then try again.
sign-in-wrong = Name or password is wrong.
sign-in-busy = Too many people are signing in at once. Wait a moment, then try again.
sign-in-with = Sign in with
or = or
onward = Continue
name = Name
password = Password
error-not-found = There is no such page
error-refused = This cannot be done
error-internal = Something went wrong on our side
error-reference = Tell the operator this number:
error-back = Back to the overview
home-title = Overview
home-todo = Waiting for you
home-open = posts wait for review
review-next = Review next
queue-empty = Nothing is waiting. New posts arrive after the next crawl, or with `sisir import FILE`.
home-to-sign =
    { $count ->
        [1] { $n } package waits for a signature
       *[other] { $n } packages wait for a signature
    }
home-without-text =
    { $count ->
        [1] { $n } post has an address only and cannot be matched yet
       *[other] { $n } posts have an address only and cannot be matched yet
    }
deliveries-need-you =
    { $count ->
        [1] { $n } delivery needs an administrator
       *[other] { $n } deliveries need an administrator
    }
home-open-by-priority = Queue by priority
home-funnel = From posts to requests
home-funnel-note = “Unavailable” means deleted, private or restricted; the cause is not known.
funnel-posts = Posts read
funnel-flagged = Flagged by the system
funnel-upheld = Upheld by people
funnel-sent = Requested
funnel-unavailable = Unavailable now
sources = Sources
source = Source
state = State
last-ok = Last success
quota-today = Quota today
source-resting = resting
source-disabled = off
source-on = on
source-fake = fake platform with made-up posts
source-live = connected to the platform
source-tiktok-research = TikTok Research API
source-tiktok-oembed = TikTok oEmbed (liveness)
source-threads = Threads
source-instagram = Instagram (hashtags)
source-youtube = YouTube
source-bluesky = Bluesky
source-facebook = Facebook (Pages)
source-jetstream = Bluesky (Jetstream)
source-x = X
source-short-links = Short links
source-mastodon = Mastodon
sources-title = Where posts come from
sources-note = Search APIs do not return every post. "Nothing found" means: nothing in what the API returned. The days are the last fourteen.
source-resume = It is mended: let it go on
source-resume-admin = Stopped until an administrator has mended the cause.
source-new = New posts (14 days)
source-flagged = Flagged (14 days)
source-yield = New posts for 100 requests
source-rejects = Unreadable items (14 days)
source-windows = Windows read to their end
source-forecast = Requests of the next crawl, about
source-chart = Requests, new posts and flagged posts of the last 14 days; the table below has the numbers
source-requests = Requests
source-new-posts = New posts
source-flagged-posts = Flagged posts
as-table = As a table
day = Day
health-late = not read for a day
health-silent = fell silent
health-why-late = It is switched on, but the last good answer is more than a day old. Does a worker run? The log shows why a job failed.
health-why-silent = It answers, but has brought no new post for three days, and it did before. Check the access: searches of apps that lost their approval answer like this, without an error.
source-import = Imports
source-tip = Tips
source-allowance = Requests that the next scheduled crawl may use
source-failures = Failures of today, by kind
source-token = Access token ends
plan-title = Plan: what the next crawl asks first
plan-note = Calls go where they bring the most relevant posts (flagged and not dismissed, last 14 days) for a call. Every fifth call goes to the query that has waited longest.
plan-place = Place
plan-query = Query
plan-promised = Relevant posts promised
plan-brought = Relevant / new / calls (14 days)
plan-asked = Asked last
plan-explores = waited longest
coverage-title = How much do the searches see?
coverage-note = Estimated from how often several queries saw the same post. Queries look for similar words, so the true share is rather lower than shown.
coverage-empty = Nothing to estimate yet: no post of the last 14 days is flagged. Run a crawl and a screening first.
coverage-few = too few posts were seen by two queries
coverage-seen = Relevant posts seen
coverage-once = Seen by one query only
coverage-both = Seen by both
coverage-all = Posts there are, estimated (95 %)
coverage-pair = Two sources of a platform
alerts-title = Needs a person
alert-what = What is wrong
alert-facts = Facts
alert-since = Since
alert-stopped = stopped: the platform refuses
alert-late = not read for a day
alert-silent = brings nothing new
alert-failing = most windows fail
alert-unreadable = many items cannot be read; the platform may have changed its answers
alert-token = the access token ends soon
home-alerts = { $count ->
    [one] { $n } source needs a person
   *[other] { $n } things about sources need a person
}
rejects-title = Items that could not be read
rejects-empty = None. Every item that the platforms sent was readable.
reject-id = Id
reject-why = What is wrong
done-resumed = The source goes on with the next crawl.
source-off-tiktok-research = Needs TikTok's approval as a research body; a ministry is not eligible by itself.
source-off-tiktok-oembed = No account needed; switch on with sources.tiktok_oembed.mode = "live".
source-off-threads = Needs Meta's approval of threads_keyword_search.
source-off-instagram = Needs Meta's approval of Instagram Public Content Access; then name hashtags in sources.instagram.tags.
source-off-youtube = Needs an API key of a Google Cloud project.
source-off-bluesky = Needs a Bluesky account and one of its app passwords.
source-off-facebook = Needs Meta's approval of Page Public Content Access; then name Pages in sources.facebook.pages.
source-off-jetstream = No account needed; switch on with sources.jetstream.mode = "live".
source-off-x = Costs 0.005 US dollars a post, and X's terms forbid surveillance: describe the use to X first.
source-price = Paid posts today
source-off-short-links = Each short link is a request to the platform from your network; decide for it with sources.short_links.mode = "live".
source-off-mastodon = No account needed; name instances in sources.mastodon.instances.
worker-late = No worker is seen; crawling and delivery stand still. Run `sisir work`.
worker-seen = Worker seen:
never = never
rule-set = Rule set
queue-title = Queue
priority = Priority
platform = Platform
all = all
show = Show
claimed-by = open at
score = Score
score-help = number and strength of signs, not a probability
newer = previous
older = next
flag-open = Open
flag-second = Waiting for a second analyst
flag-upheld = Upheld
flag-dismissed = Dismissed
priority-P1 = P1 Bale supply
priority-P2 = P2 Clear offer
priority-P3 = P3 Doubtful
waiting-posts =
    { $count ->
        [1] { $n } post waiting
       *[other] { $n } posts waiting
    }
post-forgotten = The content of this post was deleted because its time had come. The decision stays on record. To judge it again, import its address again.
text-changed = The text changed after the decision; read it and decide again.
colleague-has-it = A colleague has this post open.
views = views
open-post = Open the post
no-address = The address of the post is not known
why-flagged = Why it was flagged
think-of = Could be wrong if:
decide = Decision
three-elements = Uphold only if all three are there: used clothing, import, offer.
verdict-uphold = Uphold
verdict-dismiss = Dismiss
reason-bale-offer = Imported bales or wholesale
reason-retail-offer = Imported, retail or promotion
reason-local-preloved = Local or personal items
reason-news-opinion = News, opinion, research
reason-charity = Charity
reason-unrelated = Not used clothing
reason-element-missing = No import or no offer
reason-mistake = Earlier decision was wrong
note = Note for colleagues (never sent)
skip-post = Skip
cannot-review = Your role does not decide.
history = History
in-packages = In packages
decide-again = A decision can be replaced by a new one. If the request was sent, dismissing opens a withdrawal letter.
batches-title = Request packages
batches-ready = Ready to put together
batches-none-ready = Nothing yet. Uphold posts in the queue first.
batches-empty = No packages yet. They are made from upheld posts.
make-request = Make request
make-withdrawal = Make withdrawal
make-reminder = Write reminder
make-application = Apply to the ministry of communication
make-lead = Make information sheet
make-notice = Make notice to sellers
letters-wrong =
    { $count ->
        [1] says something about { $n } post that does not hold any more: write a correction.
       *[other] says something about { $n } posts that does not hold any more: write a correction.
    }
make-correction = Write correction
why-reminder = not answered, and the day named in the letter is over; two reminders at most
why-application = refused, or not answered after a reminder
why-correction = dismissed after the letter was sent
about-letter = about
follow-letters = Further letters
follow-none = Nothing is due. A reminder is due when the day named in the letter is over without an answer, an application when the platform refuses or a reminder was not answered either.
answer-by = An answer is hoped for by
notice-title = Tell the sellers
notice-text = Text for the sellers
notice-send = Send the text to the owner of each account, as a message or a reply. Nothing else follows from it.
reference = Reference
kind = Kind
made = Made
made-by = made by
kind-request = Request
kind-withdrawal = Withdrawal
kind-reminder = Reminder
kind-application = Application for a block
kind-lead = Information sheet for customs
kind-notice = Notice to sellers
kind-correction = Correction
batch-draft = Draft
batch-rendered = Waits for signature
batch-signed = Signed
batch-sent = Sent
batch-cancelled = Cancelled
rows =
    { $count ->
        [1] { $n } post
       *[other] { $n } posts
    }
package = Package
not-rendered = Letter and annexes are not made yet.
render = Make letter and annexes
goes-to = Goes to:
signature = Signature
signed-by = Signed by
sign-lead = Read the letter and annexes. You sign the bytes of this message exactly as they are (SHA-256):
sign-confirm = Type the reference to sign:
sign = Sign
sign-own-rows = You reviewed a post in this package, so someone else has to sign.
sign-stopped = This package cannot be signed yet; the pre-flight check below says why.
preflight = Pre-flight check
preflight-fine = Complete: the letter, its legal bases, the recipient and every row were checked.
preflight-stopped = Until the points in red are mended the package is not rendered, not signed and not sent.
sign-waits = Waits for a approver who reviewed none of its posts.
sign-not-yet = No signature.
delivery = Delivery
due = Due
delivery-queued = Queued
delivery-sending = Sending
delivery-sent = Sent
delivery-unknown = Unknown
delivery-failed = Failed
delivery-cancelled = Cancelled
outcome-started = started
outcome-accepted = accepted
outcome-deferred = deferred
outcome-rejected = rejected
outcome-unknown = unknown
settle-lead = It is not known whether this message arrived. Ask the recipient, then choose.
settle-arrived = It arrived
settle-give-up = It did not, give up
settle-again = It did not, send again
cancel-batch = Cancel package
cancel-help = Its posts can go into another package.
annex = Annex I
case = Case
post = Post
reason = Reason
reviewer = Reviewer
liveness = Still up?
unavailable-now =
    { $count ->
        [1] { $n } unavailable now
       *[other] { $n } unavailable now
    }
liveness-not-known = not known
liveness-up = still up
liveness-maybe-gone = missing, to be checked again
liveness-unavailable = unavailable
liveness-note = Looked at after 1, 24 and 72 hours, 7 and 30 days, then monthly. Not there in two looks an hour apart: unavailable; restricted and private are what the platform says itself. Where no program can look, people do.
role-analyst = analyst
role-admin = administrator
log-title = Log
jobs = Scheduled jobs
jobs-empty = None yet. Run `sisir work` or `sisir up`.
job = Job
tries = Tries
last-error = Last error
events = Events
events-empty = No events yet.
when = When
who = Who
what = What
to-what = To what
detail = Detail
log-note = Each event holds the hash of the one before; `sisir doctor` checks the chain.
done-decided = Decision recorded. Open the post again from the queue to change it.
done-seconded = Your agreement is recorded. The post can go into a package now.
done-rendered = The package is ready for a second person's signature.
done-signed = Signed. The message leaves at the next scheduled delivery.
done-cancelled = Package cancelled.
done-settled = Recorded.
done-empty = Nothing is waiting any more. Well done.
second-title = A second analyst is needed
second-why = The rule that found this post has not been confirmed often enough to be trusted. Someone other than the first analyst has to read the post before it can go into a package.
second-agree = I have read the post and agree
second-disagree = If you see it differently, decide again below.
second-other-person = Another analyst can agree here.
second-done = Second analyst:
home-second =
    { $count ->
        [1] { $n } upheld post waits for a second analyst
       *[other] { $n } upheld posts wait for a second analyst
    }
tips-count = { $count ->
    [one] { $n } report
   *[other] { $n } reports
}
tips-not-the-post = What reporters say, not what the platform shows. Open the post before you decide.
tip-public = from the public
tip-reporter = Who reported
tip-reporter-note = Only for questions back. That you looked is written down.
tip-reporter-gone = Deleted: its time was over, or the report came from an association.
tip-contact = Contact
tip-screenshot = Screenshot
tip-reason-bale = Imported used clothing by the bale or sack
tip-reason-retail = Imported used clothing, single pieces
tip-reason-other = Something else (say what)
tip-problem-name = Your name is missing.
tip-problem-contact = A telephone number or mail address is missing.
tip-problem-url = The address is not one of a single post on a known platform. Open the post and copy the address.
tip-problem-short-link = This is a short link. Open it and copy the address that it leads to.
tip-problem-note = Say what it is about.
tip-problem-too-long = A text is too long.
tip-problem-screenshot = The screenshot is missing. Choose it again; browsers do not keep it.
tip-problem-file-type = The screenshot is not a PNG, JPEG or WebP picture.
tip-status-waiting = Waits for a person
tip-status-upheld = Found as reported
tip-status-requested = The platform was asked to look at it
tip-status-unavailable = No longer available
tip-status-dismissed = Not pursued
tip-status-why-waiting = A person will look at the post. A report alone decides nothing.
tip-status-why-upheld = A person found that the post is as reported. Two people must agree before a platform is asked.
tip-status-why-requested = The platform decides what it does.
tip-status-why-unavailable = Two looks an hour apart did not find the post.
tip-status-why-dismissed = A person found that the post is lawful, is about something else, or does not show enough.
caption-missing = This post came without its caption
caption-missing-note = Open it, and write down what stands there, word for word. The rules read it with the next screening; without a caption nothing can be upheld.
caption-label = Caption as it stands at the address
caption-save = Keep the caption
done-captioned = The caption is kept; the rules will read it.
report-title = Report a post
report-lead = Do you see a post that offers illegally imported used clothing? Tell us its address. People check every report.
report-lawful = Selling your own clothes, or used clothes from within the country, is lawful: please do not report it.
report-closed = Reports are not taken here at the moment.
report-url = Address of the post
report-screenshot = Screenshot (PNG, JPEG or WebP, at most 5 MB; cover your own name and picture)
report-reason = What is offered?
report-note = Anything else we should know
report-quoted = What the post says (copied, if you can)
report-name = Your name
report-contact = Telephone or mail, for questions back
report-privacy = Your name and contact are asked for by Permenkominfo 5/2020 Pasal 15 ayat (2). They are kept apart from the report, seen by administrators only, and deleted after a while. Reviewers see the screenshot and the note.
report-send = Send the report
report-problems = The report was not sent:
report-slow = Too many requests at the moment. Please try again in an hour.
report-taken = Thank you. The report is kept.
report-ticket = Your ticket:
report-ticket-note = Write it down: with it you can ask what became of the report. We cannot look it up for you.
report-another = Report another post
report-status = What became of a report
report-ticket-label = Ticket
report-look = Look
report-received = Received
report-no-ticket = There is no report with this ticket. Check the letters and hyphens.
partner-title = Associations
partner-lead = Associations with a key report many posts at once, as CSV, Excel or a list of addresses.
partner-template = Download the template
partner-key = Key
partner-key-wrong = This key is not accepted. Ask the ministry for a new one.
partner-file = File (leave empty to see only what became of earlier reports)
partner-send = Send
partner-taken = { $count ->
    [one] { $n } post reported.
   *[other] { $n } posts reported.
}
partner-known = { $count ->
    [one] { $n } was reported by you before.
   *[other] { $n } were reported by you before.
}
partner-rejected = { $count ->
    [one] { $n } row was not taken
   *[other] { $n } rows were not taken
}
partner-line = Line
partner-mend = How to mend it
partner-feedback = What became of your reports
partner-none = No report yet. Send a file above.
held-title = Decided, but held back from letters
held-note = These posts enter no package as things stand.
held-why = Why
held-minor = The text shows signs of a child. Platforms have other ways for that; let a supervisor decide what to do.
held-research = Only the TikTok Research API found it, and its terms forbid passing its data on. Find the post by hand and import its address.

# The review desk: queue, decisions, bulks.
role-viewer = viewer
role-approver = approver
role-supervisor = supervisor
role-rule-editor = rule editor
role-auditor = auditor
flag-all = All
lane-first = Ordinary
lane-second-look = For another person to look at
lane-escalated = Waiting for a supervisor
actor = Part
actor-unsaid = not known
actor-supplier = bale supplier
actor-wholesaler = wholesaler
actor-live-seller = live seller
actor-retailer = retailer
actor-reviewer = reviewer
follow-up = What follows
follow-up-usual = as usual, by the verdict
action-none = nothing follows
action-education = education of the seller
action-request = ask for takedown
action-customs-lead = lead to Customs
element-used-clothing = used clothing
element-import-nexus = imported
element-offer = offer
element-no-words = (no words for it; tick only if the post shows it)
elements-missing = Upholding needs all three elements. Tick those that you see (keys A, B, C), or dismiss the post.
refer-second = Ask for another pair of eyes
refer-escalate = Escalate to a supervisor (add a note)
undo-this = Take my decision back
undo-last = Take my last decision back
undone-at = taken back
done-referred = Handed on to a colleague.
done-undone = The decision was taken back; this post waits again.
done-saved = Saved.
done-bulk = The posts were decided together.
done-bulk-undone = The decision about these posts was taken back.
no-rule-matched = No rule matched; this post was reported by someone.
meanings = { $count ->
    [one] What { $n } word means and how it was read
   *[other] What { $n } words mean and how they were read
  }
written = Written
meaning = Meaning
shows = Shows
how-affix = with an affix
how-glued = written as one word
how-hashtag = out of a hashtag
how-doubled = double letters
how-repeated = repeated with the digit 2
how-slip = a slip of the hand
how-sign = a sign inside the word
how-apart = letters written apart
how-leet = digits or signs for letters
how-mask = letters hidden
how-picture = a picture for a word
how-pattern = by a pattern
how-near = other words near it
account = Account
account-unknown = The account is not known.
account-new = never flagged before.
account-before = Flagged before:
account-requested = asked down
alike-title = Posts that are alike
alike-help = Per cent: share of the words that both have, numbers left out.
alike-decide = { $count ->
    [one] Decide { $n } that is alike together with it
   *[other] Decide { $n } that are alike together
  }
upheld-before = { $count ->
    [one] { $n } upheld from this account
   *[other] { $n } upheld from this account
  }
bulk-part = part of a bulk
bulk-title = Decide together
bulk-like = Open posts that are alike
bulk-this-post = this post
bulk-list = Open posts of the list
bulk-decided = Decided
bulk-undo = Take the decision about these posts back
bulk-sample = { $count ->
    [one] Read { $n } post drawn at random
   *[other] Read { $n } posts drawn at random
  }
bulk-sample-help = Tick each one that is of the same kind. If a single one differs, do not decide together; open that post and decide it by itself.
bulk-others = See the others
bulk-type = { $count ->
    [one] Type { $n } to confirm the number
   *[other] Type { $n } to confirm the number
  }
bulk-untrusted = Cannot be upheld together yet: this rule is not trusted, so each post is decided by itself with a second analyst.
bulk-from-list = Decide all posts of this list together
queues = Named queues
queues-arrange = Arrange queues
queues-help = A post goes to the first queue, by position, all of whose conditions it meets. A queue without names is open to all who review.
queue-new = New queue
queue-people = Only for (sign-in names, with commas between)
queue-none-found = Nothing found.
queue-wider = Search the beginning of a word
queue-show-all = Show all that wait
filter-keep = Keep this search, or decide together
filter-shared = show it to colleagues too
position = Position
pack = Rule pack
region = Region
search = Search words (with * for the beginning of one)
late = late
keep = Keep
forget = Forget
save = Save
remove = Remove
no-caption = no caption
first-page = ← Beginning of the list
age-minutes = { $count ->
    [one] { $n } minute
   *[other] { $n } minutes
  }
age-hours = { $count ->
    [one] { $n } hour
   *[other] { $n } hours
  }
age-days = { $count ->
    [one] { $n } day
   *[other] { $n } days
  }
keys = Keys
keys-title = Keys
keys-help = Everything that has a key is on the screen too; keys rest while you type.
key-uphold = uphold for that reason
key-dismiss = dismiss for that reason
key-elements = tick or untick the elements A, B, C
key-second = ask for another pair of eyes; or agree as second analyst
key-escalate = escalate to a supervisor
key-undo = take the last decision back
key-note = write a note (Esc when done)
key-next = next post
key-open = open the post where it stands
key-bulk = decide together with those that are alike
key-queue = back to the queue
key-search = search the queue
key-keys = this page

# Accounts, people, log.
code-title = One-time code
code-label = Six-digit code of the authenticator app
code-wrong = The code does not fit or was used. Wait for the next one.
code-lost = Telephone lost? An administrator can remove your second factor.
me = My account
confirm = Confirm
second-factor = Second factor
second-factor-required = Required: other pages open once the second factor is there.
second-factor-how = Open the authenticator app on your telephone, scan this picture, and type the code that appears.
second-factor-picture = QR picture for an authenticator app
second-factor-type = Or type the key:
second-factor-on = The second factor is on.
done-second-factor = The second factor is on. From now on signing in needs a code.
done-password = The password was changed.
done-connected = The account of your organisation is connected. From now on it opens this desk too.
sso-connected = Connected since
sso-disconnect = Disconnect the account of the organisation
sso-how = Connect the account of your organisation once, then sign in with it. The password here stays valid.
sso-connect = Connect
password-old = Present password
password-new = New password (at least 12 letters)
password-change = Change it, then sign in again
password-once = this password is shown once only
zone = Time zone
zone-label = Times on the pages
sessions = Sessions
session-since = Since
session-until = Until
session-browser = Browser
session-end = End
session-this = this session
people = People
person-new = New person
person-add = Add
person-since = Since
person-change = Change
person-script = script
person-off = switched off
person-enable = switch on
person-disable = switch off
person-password = new password
person-second-factor = remove second factor
person-sessions = end sessions
role = Role
capabilities = Who may do what
capability-read-posts = read posts
capability-review = decide
capability-sign = sign
capability-supervise = supervise
capability-edit-rules = change rules
capability-operate = look after deliveries and sources
capability-manage-users = look after people
capability-read-log = read the log
reads = Who read what
reads-help = Each time someone opens a post, it is noted: personal data is read only when needed.
reads-empty = Nobody has read anything yet, or nothing fits.
reads-post = Post
reads-day = Day
reads-times = Times
reads-last = Last

# Figures.
figures = Figures
figures-span = last 28 days, days in WIB
figures-empty = No figures yet. They appear once posts are flagged and decided.
figure-what = What
figure-flagged = flagged
figure-upheld = upheld
figure-dismissed = dismissed
figure-open = waiting
figure-decisions = decisions
figure-share = precision
figure-low = lower end, 95 %
figure-high = upper end, 95 %
figure-age-0 = less than 4 hours
figure-age-1 = 4 to 24 hours
figure-age-2 = 1 to 3 days
figure-age-3 = 3 to 7 days
figure-age-4 = more than 7 days
figure-title-days = Flagged and decided by day
figure-help-days = Decisions that were taken back are not counted.
figure-title-ages = Age of posts that wait
figure-help-ages = From the flag until now.
figure-title-waits = Time to decision
figure-help-waits = From the flag to the decision.
figure-title-precision = Precision of each rule
figure-help-precision = Share of what it found that was upheld, of all time; black line: 95 % interval (Wilson). Few decisions, wide interval.
figure-title-platforms = Platforms
figure-help-platforms = Posts flagged.
figure-title-sources = Sources
figure-help-sources = The source that brought the post first.
figure-title-regions = Regions
figure-help-regions = Regions that the words belong to, not where the seller is.
figure-title-removals = How soon requested posts are gone
figure-help-removals = Share gone within that time, as our own looks saw it (Kaplan-Meier; black line: 95 % interval, Greenwood), of all time. Gone: missing in two looks an hour apart, counted from the first. Posts still up count for as long as they were seen. Platforms without looks are not in it. Gone may mean deleted by its owner: it does not say why.
figure-title-scorecard = What platforms did
figure-help-scorecard = Share of all posts asked about that the platform says it removed or restricted, of all time; black line: 95 % interval (Wilson). Not answered counts as not done. Withdrawn requests are not in it.
figure-gone = gone
figure-followed = still followed
figure-asked = asked
figure-answered = answered
figure-fulfilled = fulfilled
figure-within-1 = within an hour
figure-within-24 = within a day
figure-within-72 = within three days
figure-within-168 = within a week
figure-within-720 = within 30 days
figure-title-reasons = Reasons of decisions
figure-help-reasons = Decisions in force.

# Quality.
done-labels-empty = No sample waits for a label. Thank you.
pause = You have reviewed for a good while without a pause. Five minutes help; this post waits.
golden-set = Make this a reference post
golden-remove = Take it off the reference posts
label-title = Label again without seeing the decision
label-help = Judge this post as if nobody had decided. Your label changes no decision; it measures how far people agree.
label-next = Label again
quality = Quality
quality-span = last 90 days
quality-help = A small share of decisions is drawn and labelled again by someone who does not see them. A kappa of 1 is full agreement, 0 is what chance would give.
quality-kappa = Cohen’s kappa
quality-pairs = { $count ->
    [one] { $n } pair
   *[other] { $n } pairs
  }
quality-waiting = Waiting for a label
quality-golden = Reference posts
quality-golden-help = Supervisors choose them on the page of a decided post.
quality-disagreements = Disagreements
quality-none = Nothing to settle.
quality-first = Decision
quality-second = Second label
quality-people = Agreement by who decided
quality-rules = Agreement by rule
quality-empty = No labels yet. Figures appear once some samples are labelled.
quality-share = Agree (95 % interval)
quality-n = Number
quality-golden-people = Reference posts by person
quality-right = Right
style = Style guide
style-help = the parts that all pages are made of
style-notices = Notices
style-buttons = Buttons and decisions
style-marks = Tags and marks
style-fields = Fields
style-tables = Tables
letter-number = Letter no.
letters-title = Register of outgoing letters
letters-note = A number is given when a letter is made for signing, and never again. The number of a package that was given up explains its gap.
letters-empty = No letters yet. The first number is given when the first package is made.
recipients-title = Recipients
recipients-empty = No recipients yet. The operator fills in [recipients.tiktok] and so on in the configuration.
package-size = Package holds at most
package-size-learned = learned from answers; the configuration allows
paused = Stopped
pause-why = Why
pause-delivery = Stop deliveries
resume-delivery = Go on with deliveries
delivery-runs = On schedule
done-paused = Deliveries are stopped. Signed packages wait.
done-delivery-resumed = Deliveries go on at the next time of the schedule.
exports = Other shapes, for open archives:
answers = The platform's answers
answer = Answer
answers-none = No answer yet. Upload the response sheet that the platform sent back, or enter answers one by one.
answers-of = { $n } URLs answered,
answers-done = { $n } fulfilled.
answers-taken = { $n } answers recorded,
answers-unread = { $n } rows could not be read.
answers-unread-help = Mend these rows in the sheet and upload it again. The same sheet never counts twice; a changed sheet replaces its answers.
answer-sheet = Response sheet (.xlsx or .csv)
answer-sheet-take = Record answers
answer-one = Enter one answer
answer-save = Save
answer-removed = removed
answer-restricted = restricted in Indonesia
answer-already-gone = already gone
answer-restored = restored
answer-refused = refused
answer-needs-information = needs information
done-answers = The answers are recorded.
line = Line
their-reference = Platform's reference
back-to-package = Back to the package
mails = Mail that came back
mails-unfiled = Mail that could not be placed
mails-unfiled-note = It does not say which package it answers. Read it, and enter the reference of the package.
mail-file = File under the package
mail-reply = reply
mail-bounce = did not arrive
mail-delay = delayed
done-filed = The mail is filed.
record = Record of how the evidence was taken (PDF, for our own files)
portal = Fill in the platform's form
portal-open = Open the form:
portal-texts = Copy this into it:
portal-urls = URLs, one a line
portal-files = Upload the letters and annexes from "Package" above, unchanged.
portal-done = Once it is sent, enter the number that the form gave, and upload a screenshot of the confirmation.
portal-picture = Screenshot of the confirmation
portal-entered = It is filled in
portal-proof = Proof that the form was filled in
copy = Copy
done-entered = The form is noted as filled in. This package is sent.
screenshots = Screenshots
screenshots-help = The file is kept whole as evidence; shown is a copy without what a camera writes. At most five, 4 MiB each.
screenshots-none = None yet. Take a screenshot of the post if its text may be gone soon.
screenshot-add = Add
done-screenshot = The screenshot is kept.
copied = Copied.
captures = As it came
captures-none = A person brought this post, or it was read before such captures were kept.
captures-note = The answer of the service, or the row of the file, byte for byte. Its SHA-256 stands in the letter.
capture-save = save
