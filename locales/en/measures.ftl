# Texts about recall and views. Both languages have the same keys; a test sees to it.

recall = Recall
recall-help = Share of the posts that should be flagged that are flagged. From a random sample of posts that were not flagged, in two strata (with words of the goods or their origin, or without), for as long as posts without a flag are kept; 95 % interval by simulation with Jeffreys' prior.
recall-none = No estimate yet. A supervisor draws a sample and analysts label it; both strata need labels.
recall-interval = 95 % interval:
recall-missed = Missed, about:
recall-stratum = Stratum
recall-words = with words of the goods or their origin
recall-no-words = without such words
recall-labelled = Labelled
recall-relevant = Should be flagged
recall-unflagged = Not flagged:
recall-looked = read by the program for a draw:
recall-with-words = with words:
recall-draw = Draw a sample
recall-waiting = { $count ->
    [one] Label { $n } post
   *[other] Label { $n } posts
  }
recall-label = Label the sample
recall-question = Should this post have been flagged?
recall-label-help = A random post that no rule flagged. Your answer measures how much is missed; with a yes the post goes into the queue.
recall-yes = Yes: used clothing, imported, offered
recall-no = No
done-recall-drawn = The sample is drawn.
done-recall-empty = No sample waits for a label.
views-grown = How views grew
