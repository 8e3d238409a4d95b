//! What the public reports.

text_enum! {
    /// Why a post is reported (Permenkominfo 5/2020 Pasal 15 ayat 2 asks for a reason).
    TipReason {
        /// Bales or sacks of imported used clothing are offered.
        Bale = "bale",
        /// Single pieces of imported used clothing are offered.
        Retail = "retail",
        /// Something else; the note says what.
        Other = "other",
    }
}

text_enum! {
    /// What is missing or wrong in a report.
    TipProblem {
        /// No name.
        Name = "name",
        /// No telephone number or mail address.
        Contact = "contact",
        /// No address of a post.
        Url = "url",
        /// A short link: it does not say which post it leads to.
        ShortLink = "short_link",
        /// "Something else" without a note.
        Note = "note",
        /// A text that is too long.
        TooLong = "too_long",
        /// No screenshot.
        Screenshot = "screenshot",
        /// The screenshot is no PNG, JPEG or WebP.
        FileType = "file_type",
    }
}

text_enum! {
    /// What became of a report.
    TipStatus {
        /// Waits for a person.
        Waiting = "waiting",
        /// A person found that it is as reported.
        Upheld = "upheld",
        /// The platform was asked to look at it.
        Requested = "requested",
        /// It is no longer available.
        Unavailable = "unavailable",
        /// A person found that it is not what this is about.
        Dismissed = "dismissed",
    }
}
