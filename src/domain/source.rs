//! Whether a source of posts works.

text_enum! {
    /// Whether a source works.
    SourceState {
        /// The last call went well.
        Ok = "ok",
        /// It rests until a known time (quota).
        Parked = "parked",
        /// A person has to act (credentials, permission).
        Stopped = "stopped",
    }
}
