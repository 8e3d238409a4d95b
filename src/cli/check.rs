//! One line of a report of checks.

/// How a check went.
pub enum Check {
    /// Fine.
    Good(String),
    /// Works, but look at it.
    Note(String),
    /// Does not work: what, and how to mend it.
    Bad(String, String),
}

/// Prints a check; true when it is bad.
pub fn print(what: &str, check: &Check) -> bool {
    match check {
        Check::Good(text) => println!("  ok    {what}: {text}"),
        Check::Note(text) => println!("  note  {what}: {text}"),
        Check::Bad(text, mend) => println!("  BAD   {what}: {text}\n        mend: {mend}"),
    }
    matches!(check, Check::Bad(..))
}
