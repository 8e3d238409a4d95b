# After sending: clocks, looks, corrections, objections.

follow-up-title = Follow-up
sent = Sent
clocks = Clocks that run
clocks-none = Nothing waits for anybody. Clocks begin when a letter leaves, a platform answers or a seller objects.
clocks-over = { $count ->
    [one] { $n } ran out
   *[other] { $n } ran out
  }
clock-until = Until
clock-over = over
clock-for = Waits for
clock-about = About
clock-posts = Posts
clock-since = Since
clock-next = What to do
clock-answer = the platform's answer
clock-confirmation = the platform's confirmation
clock-clarification = our answer to a question
clock-refusal = a decision after a refusal
clock-correction = the withdrawal
clock-appeal = the answer to an objection
clock-do-answer = When the time is over: write a reminder, or enter the answer.
clock-do-confirmation = Ask the platform whether the post is restored, and enter the answer.
clock-do-clarification = Answer the platform by mail, with better evidence; then enter what it says.
clock-do-refusal = Apply to the ministry of communication, withdraw, or leave it at that.
clock-do-correction = Put the withdrawal into a package and have it signed.
clock-do-appeal = Read the objection and answer it.
request-end = Leave it at that
request-end-why = Why
by-hand = To look at
by-hand-note = No program can look at posts of these platforms. Open the post where you are signed out, and say what you see.
by-hand-none = Nothing is to be looked at by hand now.
by-hand-seen = What you see
seen-up = as it was
seen-edited = with another text
seen-gone = not there
seen-restricted = not shown in Indonesia
seen-private = private
turned = Changed, or up again
turned-none = No requested post was changed or has come back.
turned-back = up again
again = Came again after a request
again-note = Open posts of accounts that were asked about before, with the same contacts or page, or with nearly the same words. They are decided about like any other.
again-none = Nothing looks like what was asked down before.
again-account = same account
again-contact = same contact
again-words = nearly the same words
again-after = after
fired = Clocks that ran out
fired-none = No clock has run out.
liveness-edited = up, with another text
liveness-restricted = not shown in Indonesia
liveness-private = private
home-clocks = { $count ->
    [one] { $n } clock ran out
   *[other] { $n } clocks ran out
  }
home-appeals = { $count ->
    [one] { $n } objection waits
   *[other] { $n } objections wait
  }

corrections = Corrections
doubts = Requests that look wrong by now
doubts-note = A program only points. Look at the post; if the request was wrong, withdraw it on the page of its letter.
doubts-none = No request that stands looks wrong.
doubt-why = Why
doubt-letter = Letter
doubt-evidence = evidence does not fit its hash
doubt-rules = the rules of now would not flag it
doubt-edited = another text than the one decided about
withdrawals = Withdrawals
withdrawals-none = Nothing was withdrawn.
confirmed = Confirmed
confirmed-all = confirmed
confirmed-refused = { $count ->
    [one] { $n } refused
   *[other] { $n } refused
  }
wrong-letters = Letters that say something that does not hold any more:
withdraw = Withdraw
withdraw-note = Tick the posts that were wrong. They are dismissed, and the letter that withdraws them waits for the signature of another person.
withdraw-reason = What the posts are
withdraw-why = Note for colleagues
withdraw-do = Withdraw the ticked posts
withdraw-all = all
withdraw-this = Withdraw the request about this post

appeals = Objections
appeals-none = No objection waits for an answer.
appeals-answered = Answered
appeal = Objection
appeal-unknown = no letter of ours found
appeal-says = What the seller writes
appeal-forgotten = The words of this objection were deleted when their time had come.
appeal-no-post = We sent no letter about what was named here.
appeal-answer = Answer
appeal-answer-note = Whoever decided, agreed or signed cannot answer. The seller reads your answer with the ticket.
appeal-outcome = Outcome
appeal-accepted = The objection is right
appeal-rejected = The request stands
appeal-not-ours = Not about a letter of ours
appeal-means-accepted = The post is dismissed, and the withdrawal is written.
appeal-means-rejected = Say why.
appeal-means-not-ours = Say whom the seller can turn to.
appeal-answer-text = What the seller reads
appeal-answer-send = Answer
appeal-waits = Nobody has answered yet.
appellant = Who objected
appellant-note = That you looked at this is noted in the log.
appeal-title = Object to a request
appeal-lead = Did we ask a platform to look at your post, or write to you, and you think that this is wrong? Tell us why. A person who had no part in it looks at it and answers within ten working days. You need no account.
appeal-closed = Objections are not taken here at the moment. Write to the address on our letter.
appeal-subject = Number of the case (KS-…) or address of your post
appeal-statement = Why we are wrong
appeal-privacy = Your name and contact are kept apart from what you write, are seen by supervisors only, and are deleted after a while. While we look at it, nothing more is asked about your post.
appeal-send = Send the objection
appeal-problems = The objection was not sent:
appeal-problem-name = Your name is missing.
appeal-problem-contact = A telephone number or mail address is missing.
appeal-problem-subject = Say which post it is about.
appeal-problem-statement = Say why we are wrong.
appeal-problem-too-long = A text is too long.
appeal-taken = Thank you. The objection is kept.
appeal-ticket-note = Write it down: with it you read our answer. We cannot look it up for you.
appeal-status = What became of an objection
appeal-waiting = Waits for an answer
appeal-waiting-why = A person looks at it. Please ask again in a few days.
appeal-no-ticket = There is no objection with this ticket. Check the letters and hyphens.
held-hold = Its account is on hold.
held-appeal = Its author objects. Answer the objection first.
mark-hold = on hold
hold-do = Hold it back
hold-note = On hold: no request is made about this account.
hold-help = For investigators who ask for it. While it holds, no post of this account enters a letter. Only supervisors see why.
hold-reference = Reference of the office that asked
hold-save = Hold it back
hold-end = End the hold
accounts-hold = On hold
accounts-hold-empty = No account is on hold.

done-looked = What you saw is noted.
done-ended = The request is left at that.
done-appeal-answered = The objection is answered.

# The report to the public.
record-title = Public report
record-lead = What we asked platforms and others, what came of it, and where we were wrong. Every figure is counted from our log, by day and hour in Jakarta.
record-closed = Reports are not published here.
record-none = No report is published yet. One appears for each month.
record-all = All reports
record-smallest = { $count ->
   *[other] Counts below { $n } are left out (···), and so is what they could be worked out from.
  }
record-undescribed = { $count ->
    [one] { $n } letter of an earlier version is counted nowhere.
   *[other] { $n } letters of an earlier version are counted nowhere.
  }
record-left-out = left out, because it is small or would tell one that is
record-total = Together
record-nothing = None this month.
record-verify = How to check this
record-verify-how = The figures follow from our log up to the event named here. Whoever has the exported log counts again with: sisir audit verify LOG --report REPORT.json
record-table-judged = Posts judged by people
record-note-judged = Each judgement by its reason, also those that found a post lawful. What was undone within minutes is left out; a post judged twice counts twice.
record-table-letters = Posts named in letters
record-note-letters = By kind of letter, for letters that left. A withdrawal or a correction takes back what was asked before.
record-table-requested = Posts asked down, by platform
record-note-requested = Platforms look at each post and decide themselves.
record-table-answers = What platforms answered
record-note-answers = The newest answer about each post, in the month in which it was entered.
record-table-down = Requested posts that are not to be seen any more
record-note-down = As our own looks saw it, whoever did it: the platform or the author.
record-table-appeals = Objections answered
record-note-appeals = By somebody who had no part in the request.
record-table-late = Clocks that ran out
record-note-late = What was not done in time, by platforms and by us.
record-table-received = Received
record-note-received = Objections, and reports that pointed us to posts.
record-table-rules = Rules
record-note-rules = Times that the words and rules by which a program proposes posts were changed. Two people change them.
record-row-objections = objections
record-row-reports-public = reports of the public
record-row-reports-associations = reports of associations
record-row-changed = changed
record-desk-lead = For each month a supervisor looks at the figures and publishes them. From then on they are what they are.
record-desk-closed = Published reports are not shown: record.open of the configuration is off.
record-desk-none = Nothing has happened yet; reports are counted from the log.
record-month = Month
record-published = published
record-ready = can be published
record-running = not over
record-publish = Publish
record-publish-note = Look at the figures first. A published report cannot be changed or taken back.
record-open = Reports to the public

done-published = The report is published.

stages = At the ministry of communication
stages-note = What that ministry says about this application. It is mirrored only: nothing follows from it by itself, and no letter of ours names it.
stages-none = Nothing was told yet. Enter what the ministry of communication says.
stage-save = Enter
stage-received = received
stage-order = ordered the platform to take it down
stage-st1 = first warning
stage-st2 = second warning
stage-st3 = third warning
stage-blocked = access cut off
stage-closed = ended without that
