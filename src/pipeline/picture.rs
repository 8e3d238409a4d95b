//! Pictures that anybody may send: what they are by their content, and without what a telephone writes into them (place,
//! owner, device), which would tell who reported.

use img_parts::jpeg::Jpeg;
use img_parts::png::Png;
use img_parts::webp::WebP;

use super::{PipelineError, Result};

/// Parts of a PNG that make the picture; texts and EXIF are none.
const PNG_PARTS: [&[u8; 4]; 10] = [b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"pHYs"];

/// The media type and the picture alone; none for what is no PNG, JPEG or WebP, or is broken.
pub fn clean(bytes: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    let kind = infer::get(bytes)?.mime_type();
    let owned = bytes.to_vec().into();
    let cleaned = match kind {
        "image/png" => {
            let mut png = Png::from_bytes(owned).ok()?;
            png.chunks_mut().retain(|chunk| PNG_PARTS.contains(&&chunk.kind()));
            png.encoder().bytes()
        }
        "image/jpeg" => {
            let mut jpeg = Jpeg::from_bytes(owned).ok()?;
            // APP0 says how to draw, APP2 holds the colours, APP14 how they are meant; the others are about the taker.
            jpeg.segments_mut().retain(|segment| !matches!(segment.marker(), 0xe1 | 0xe3..=0xed | 0xef | 0xfe));
            jpeg.encoder().bytes()
        }
        "image/webp" => {
            let mut webp = WebP::from_bytes(owned).ok()?;
            webp.chunks_mut().retain(|chunk| !matches!(&chunk.id(), b"EXIF" | b"XMP "));
            webp.encoder().bytes()
        }
        _ => return None,
    };
    Some((kind, cleaned.to_vec()))
}

/// Its media type; refuses what [`clean`] does not know.
pub(super) fn media_type(bytes: &[u8]) -> Result<&'static str> {
    let refused = || PipelineError::Refused("only pictures are taken: PNG, JPEG or WebP".into());
    clean(bytes).map(|(media_type, _)| media_type).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use img_parts::png::PngChunk;

    use super::*;

    #[test]
    fn what_tells_of_the_taker_is_taken_out() {
        let dot = include_bytes!("../../fixtures/dot.png");
        let mut png = Png::from_bytes(dot.to_vec().into()).unwrap();
        let place = png.chunks().len() - 1;
        png.chunks_mut().insert(place, PngChunk::new(*b"tEXt", b"Author\0Wati Rekaan".to_vec().into()));
        let told = png.encoder().bytes();
        assert!(told.windows(4).any(|part| part == b"Wati"));
        let (kind, cleaned) = clean(&told).unwrap();
        assert_eq!((kind, cleaned.as_slice()), ("image/png", dot.as_slice()));

        let jpeg: &[u8] = &[
            0xff, 0xd8, 0xff, 0xe0, 0, 4, b'J', b'F', 0xff, 0xe1, 0, 8, b'E', b'x', b'i', b'f', 0, 0, 0xff, 0xfe, 0, 6, b'W',
            b'a', b't', b'i', 0xff, 0xda, 0, 2, 1, 2, 3, 0xff, 0xd9,
        ];
        let (kind, cleaned) = clean(jpeg).unwrap();
        assert_eq!(kind, "image/jpeg");
        assert!(!cleaned.windows(4).any(|part| part == b"Exif" || part == b"Wati"), "{cleaned:?}");
        assert!(cleaned.windows(2).any(|part| part == b"JF"));
        assert_eq!(clean(b"<svg/>"), None);
        assert_eq!(clean(&dot[..20]), None, "cut short");
    }
}
