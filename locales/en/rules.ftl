# Texts of the rules pages. Both languages have the same keys; a test sees to it.

rules = Rules
rules-lead = what is looked for, and how often that is right
rules-pack = Rule pack
rules-look = Look at rules and terms
rules-history = History
rules-own = the program's own pack
rules-by-folder = from your own folder
rules-by-change = in use since the change
rules-outdated = The program now comes with a newer pack than the one this change began from. Compare by way of History (back to the program's own pack), then repeat what is still needed.
rules-fixed = Rules are read from a folder (rules.dir) and changed there, not here:
rules-helpers = helper words
rules-active = { $count ->
    [one] { $n } active rule
   *[other] { $n } active rules
  }
rules-terms = { $count ->
    [one] { $n } term
   *[other] { $n } terms
  }
rules-precision = Precision (95 %)
rules-precision-help = Share of decided posts that people upheld, with Wilson's 95 % interval. A rule is trusted when the lower end reaches the bar of its pack.
rules-decided = Decided
rules-hits = Posts matched
rules-trusted = Trusted
rules-history-empty = No change was put to use yet. The program's own pack is in force.
rules-written-by = Written by
rules-used-by = Put to use by
rules-in-force = in force
rules-back = Go back
rules-back-help = For emergencies, such as a queue that fills up at once. What was in use before has been agreed to by two people, so one person is enough to go back to it.
rules-back-to = Go back to
rules-back-do = Use again
output-takedown = takedown requests
output-lead = leads for other authorities
output-market-watch = market watch
rule = Rule
rule-draft = draft
rule-shadow = shadow: counted, flags nothing
rule-active = active
rule-retired = retired
rule-change = Change this rule
rule-needs = Needs
rule-silent = silent at
rule-any-of = One of the terms:
rule-doubts = Known false positives
rule-no-decision = Nobody has decided about what it found. Figures appear once the queue is reviewed.
rule-no-hit = It has matched no post yet. Figures appear after the next screening.
rule-examples = Examples and file
rule-matching = Examples that match
rule-not-matching = Examples that do not
rule-file = Its file
rule-new = Id of a new rule
rule-new-do = Make the rule
rule-life = Life of the rule
rule-life-help = A draft is tried with its examples only; a shadow is counted on live posts and flags nothing; active flags.
term = Term
terms = Terms
terms-search = Search spelling, meaning or id
terms-none = No such term. Try another spelling, or add it with a change.
term-change = Change term
term-new = New term
term-remove = Take this term out
term-id = Id (lower-case letters and hyphens)
term-forms = Spellings
term-forms-hint = one a line; the usual spelling only
term-forms-help = Disguises (th1rft, t h r i f t, th*ift, hashtags, affixes) are found by themselves.
term-no-forms = No spellings: found by a pattern, or by other words near each other.
term-patterns = Patterns:
term-confused = Can also mean:
term-example = Example
term-example-hint = made up; the term has to count in it
term-except = Except the words
term-except-hint = one a line; words of another meaning that must not be read as this term
term-affixes = May have affixes (-nya, nge-)
term-fuzzy = May have one slip (words of six letters or more)
term-strength = Strength
term-strength-help = Strong is enough for an element by itself; medium and weak need company.
term-needs = Counts only beside another word of:
term-needs-short = Needs company
term-needs-help = Tick it so that the term counts only together with another word of that group, as “cakar” only beside a garment.
term-used-by = Used by the rules
points = Points
points-weak = weak (1)
points-medium = medium (2)
points-strong = strong (4)
axis = Group
explain = Explain a text
explain-text = Paste the text of a post
explain-example = for example: jaket thrift import korea 45rb, dm ya kak
explain-do = Explain
explain-with = with the change
explain-change = Try this change on a text
explain-nothing = No term of this pack is in the text.
explain-lacks = does not count; needs
explain-said = Result
explain-broken = This change cannot be loaded yet; mend its problems first.
explain-not-stored = A pasted text is not stored.
radar = New words
radar-help = Words and phrases that several sellers write in upheld posts, others hardly do, and no term covers yet. At least three accounts; numbers, handles and addresses are left out.
radar-upheld = { $count ->
    [one] { $n } account with upheld posts
   *[other] { $n } accounts with upheld posts
  }
radar-others = { $count ->
    [one] { $n } other account
   *[other] { $n } other accounts
  }
radar-empty = No new word stands out yet. The more posts are decided, the more is seen.
radar-words = Words
radar-in-upheld = Upheld accounts
radar-in-others = Other accounts
radar-score = z score
radar-suggest = Suggest as a term
change = Change
changes-open = Changes under way
changes-empty = None. Open a pack, a term or a rule to begin one.
change-begin = Begin a change
change-title = What this change is for
change-title-example = Add the word “kodean”
change-start = Begin
change-draft = draft
change-proposed = waits for a second person
change-approved = was put to use
change-withdrawn = given up
change-remark = Sent back with the remark:
change-remark-label = What should be different
change-behind = Other rules came into use since this change began. Before it can be used, its author has to put both together.
change-merge = Put together with the rules in use
change-diff = What changes
change-diff-none = Nothing yet. Choose a term or a file below.
change-next = Next step
change-propose = Propose
change-try-first = Try it on the stored posts first.
change-waits = Waits for another person to put it to use.
change-take-back = Take back to work on it
change-withdraw = Give the change up
change-use = Put these rules to use
change-use-help = You are the second person: read what changes and what the trial found above. The next screening reads all posts with these rules.
change-send-back = Send back to its author
change-not-yours = Its author still works on this change.
file = File
file-change = Change as text
file-text = Text of the file (TOML)
file-remove = Take this file out
cancel-edit = Cancel
problems = Problems
problems-none = No problem; every example does what it promises.
problems-after-saving = Problems are shown after saving.
trial = Trial on stored posts
trial-do = Try on all stored posts
trial-none = Not tried yet. A trial shows which posts are newly flagged, lost, or against what people decided.
trial-runs = A worker is trying it. This page brings itself up to date.
trial-again = Load again
trial-read = Posts read
trial-posts = { $count ->
    [one] { $n } post read
   *[other] { $n } posts read
  }
trial-new = Newly flagged
trial-lost = No longer flagged
trial-contradicts = Flagged though people dismissed it
trial-forgets = Not flagged though people upheld it
trial-abandons = Requests sent that it would not find
trial-supports = { $count ->
    [one] { $n } request that was sent is still found
   *[other] { $n } requests that were sent are still found
  }
trial-first = { $count ->
    [one] the first post
   *[other] the first { $n } posts
  }
done-rules-used = These rules are in use. The next screening reads all posts with them.
done-trial-asked = The trial was asked for.
done-merged = Put together. Try it again before you propose it.
done-merged-clash = Put together, but both sides changed the same lines. Mend the marked places.
done-proposed = Proposed. Another person puts it to use.
done-sent-back = Sent back to its author.
done-withdrawn = The change was given up.
yes = yes
no = not yet
trial-stuck = The trial ended without a result; try again.
file-restore = Put this file back as it was
