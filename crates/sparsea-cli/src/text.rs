//! Text of users and of files, made fit for a terminal.
//!
//! A name may hold escapes that colour a terminal or overwrite a line, and marks that show it in another order. All that
//! cannot be seen is written as an escape instead.

use std::borrow::Cow;
use std::path::Path;

/// Whether a character is not seen itself, but may change what is seen.
fn is_hidden(c: char) -> bool {
    // Controls; soft hyphen and fillers; marks of direction; separators of lines; joiners, tags and other format characters.
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

fn escaped(text: &str, hidden: impl Fn(char) -> bool, escape: impl Fn(char) -> String) -> Cow<'_, str> {
    if !text.contains(&hidden) {
        return Cow::Borrowed(text);
    }
    let parts = text.chars().map(|c| if hidden(c) { escape(c) } else { c.to_string() });
    Cow::Owned(parts.collect())
}

fn as_rust(c: char) -> String {
    c.escape_default().to_string()
}

/// Text that stays on its line, as `\u{1b}[31m` for a colour.
pub fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, is_hidden, as_rust)
}

/// Text of several lines.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c != '\n' && is_hidden(c), as_rust)
}

/// JSON that means the same: serde_json escapes only what the grammar requires, the controls below U+0020.
pub fn visible_json(json: &str) -> Cow<'_, str> {
    escaped(json, is_hidden, |c| c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect())
}

/// The name of a file.
pub fn path(path: &Path) -> String {
    visible(&path.to_string_lossy()).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_cannot_be_seen_is_escaped_and_the_rest_is_kept() {
        for (text, shown) in [
            ("a b, é, 東京, ‖y − A x‖, Ω̂", "a b, é, 東京, ‖y − A x‖, Ω̂"),
            ("\x1b[31mred\x1b[0m", "\\u{1b}[31mred\\u{1b}[0m"),
            ("over\rwritten\x07\x08\x7f", "over\\rwritten\\u{7}\\u{8}\\u{7f}"),
            ("\u{9b}31m\u{85}", "\\u{9b}31m\\u{85}"),
            ("\u{202e}txt.exe\u{2066}\u{200b}\u{feff}", "\\u{202e}txt.exe\\u{2066}\\u{200b}\\u{feff}"),
            ("\u{2028}\u{e0041}", "\\u{2028}\\u{e0041}"),
        ] {
            assert_eq!(visible(text), shown);
        }
        assert_eq!((visible("a\nb"), visible_lines("a\nb\r")), ("a\\nb".into(), "a\nb\\r".into()));
    }

    proptest! {
        #[test]
        fn json_means_the_same_and_hides_nothing(text in "\\PC*[\u{0}-\u{20}\u{7f}-\u{a0}\u{200b}-\u{206f}\u{e0000}-\u{e007f}]*.*") {
            let json = serde_json::to_string(&text).unwrap();
            let shown = visible_json(&json);
            prop_assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
            prop_assert!(!shown.contains(is_hidden));
        }

        #[test]
        fn visible_text_holds_nothing_hidden(text in any::<String>()) {
            prop_assert!(!visible(&text).contains(is_hidden));
            prop_assert!(!visible_lines(&text).replace('\n', "").contains(is_hidden));
        }
    }
}
