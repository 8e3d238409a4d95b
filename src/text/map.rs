//! Positions after an edit → positions before it.

/// Where a run of output bytes came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Segment {
    /// First output byte.
    out: u32,
    /// First input byte.
    input: u32,
    /// 0: the run was copied byte by byte. Else each byte of the run stands for these many input bytes together.
    width: u32,
}

/// A sparse map: one segment for each edit, so that a plain text costs nothing.
///
/// Invariants (property-tested through [`super::Folded`]): segments ascend in both coordinates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OffsetMap {
    segments: Vec<Segment>,
}

impl OffsetMap {
    /// Forgets everything; the map is the identity again.
    pub fn clear(&mut self) {
        self.segments.clear();
    }

    /// From output byte `out` on, bytes were copied from `input` on.
    pub fn copied(&mut self, out: usize, input: usize) {
        self.push(out, input, 0);
    }

    /// From output byte `out` on, every byte stands for the `width` input bytes from `input` on.
    pub fn replaced(&mut self, out: usize, input: usize, width: usize) {
        self.push(out, input, u32::try_from(width).unwrap_or(u32::MAX));
    }

    /// The input bytes that the output bytes `[start, end)` stand for.
    pub fn resolve(&self, start: usize, end: usize) -> (usize, usize) {
        let from = self.lookup(start).0;
        (from, self.lookup(end.saturating_sub(1)).1.max(from))
    }

    /// Input start and end of one output byte.
    fn lookup(&self, out: usize) -> (usize, usize) {
        let after = self.segments.partition_point(|segment| segment.out as usize <= out);
        let Some(segment) = after.checked_sub(1).and_then(|at| self.segments.get(at)) else { return (out, out + 1) };
        let input = segment.input as usize;
        if segment.width > 0 {
            return (input, input + segment.width as usize);
        }
        let at = input + (out - segment.out as usize);
        (at, at + 1)
    }

    fn push(&mut self, out: usize, input: usize, width: u32) {
        let (Ok(out), Ok(input)) = (u32::try_from(out), u32::try_from(input)) else { return };
        let segment = Segment { out, input, width };
        match self.segments.last_mut() {
            // An edit that wrote nothing: the next one takes its place.
            Some(last) if last.out == out => *last = segment,
            _ => self.segments.push(segment),
        }
    }
}
