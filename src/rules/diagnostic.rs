//! Problems of rule files as data: code, place, message, mend. Rendered by the compiler's own renderer.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// One problem of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code, e.g. `R003`.
    pub code: &'static str,
    /// File, as the person named it.
    pub file: String,
    /// The file's text.
    pub source: String,
    /// Bytes of the text the problem is about.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub mend: String,
}

impl Diagnostic {
    /// Line of the problem, from 1.
    pub fn line(&self) -> usize {
        self.source.bytes().take(self.span.start).filter(|b| *b == b'\n').count() + 1
    }

    /// Text with the line, a caret and the mend; in colour when `color`.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        // A span past the end (an empty file) would not be drawn.
        let end = self.span.end.min(self.source.len());
        let span = self.span.start.min(end)..end;
        let report: [Group<'_>; 1] = [Level::ERROR.primary_title(self.message.as_str()).id(self.code).element(
            Snippet::source(self.source.as_str())
                .path(self.file.as_str())
                .annotation(AnnotationKind::Primary.span(span).label(self.mend.as_str())),
        )];
        renderer.render(&report)
    }
}
