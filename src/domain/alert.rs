//! What a person should look at.

text_enum! {
    /// What is wrong with a source.
    AlertKind {
        /// It was refused; only a person can let it go on.
        Stopped = "stopped",
        /// It was not read for a day.
        Late = "late",
        /// It answers, but has brought nothing new for days.
        Silent = "silent",
        /// Most of its windows fail.
        Failing = "failing",
        /// Many of its items cannot be read: the platform may have changed its answers.
        Unreadable = "unreadable",
        /// Its access token ends soon.
        Token = "token",
    }
}
