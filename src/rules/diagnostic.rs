//! Problems of rule files as data: code, place, message, mend. Rendered by the compiler's own renderer.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// What it is about is left out of the rule set.
    Error,
    /// It works, but hardly as meant.
    Warning,
}

/// One problem of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
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
    /// Line and column (in characters) of byte `at`, from 1.
    pub fn position(&self, at: usize) -> (usize, usize) {
        let before = self.source.get(..self.source.floor_char_boundary(at)).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before.get(line_start..).unwrap_or_default().chars().count() + 1)
    }

    /// Line of what it is about, from 1.
    pub fn line(&self) -> usize {
        self.position(self.span.start).0
    }

    /// Text with the line, a caret and the mend; in colour when `color`.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let level = if self.severity == Severity::Error { Level::ERROR } else { Level::WARNING };
        // A span past the end (an empty file) would not be drawn.
        let end = self.span.end.min(self.source.len());
        let span = self.span.start.min(end)..end;
        let report: [Group<'_>; 1] = [level.primary_title(self.message.as_str()).id(self.code).element(
            Snippet::source(self.source.as_str())
                .path(self.file.as_str())
                .annotation(AnnotationKind::Primary.span(span).label(self.mend.as_str())),
        )];
        renderer.render(&report)
    }
}
