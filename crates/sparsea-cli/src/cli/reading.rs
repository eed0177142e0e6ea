//! What may be typed of the files that are read.

use clap::{Args, ValueEnum};

use crate::input::{self, Decimal, Mark, Reading, Separator};
use crate::values::Refusal;

/// How files are read, where their names and contents leave it open.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Reading files")]
pub struct ReadingOptions {
    /// Format of standard input (-), and of files with another extension [default: noticed from the first bytes]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub input_format: Option<InputFormat>,
    /// What separates the fields of text tables: comma, semicolon, tab, space, or another character [default: noticed]
    #[arg(long, value_name = "MARK", value_parser = separator, allow_hyphen_values = true)]
    pub separator: Option<Mark>,
    /// Decimal mark of numbers in text tables [default: noticed]
    #[arg(long, value_enum, value_name = "MARK")]
    pub decimal: Option<DecimalChoice>,
    /// Whether the first line of text tables holds the names of the columns [default: noticed]
    #[arg(long, value_enum, value_name = "WHETHER")]
    pub header: Option<YesNo>,
}

/// Which columns of A are read.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Reading files")]
pub struct ColumnOptions {
    /// Columns to read as A, in the order of the file: names or numbers counted from 0, separated by commas [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', allow_hyphen_values = true)]
    pub columns: Vec<String>,
    #[command(flatten)]
    pub drop: DropOptions,
}

/// Which columns of A are not read.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Reading files")]
pub struct DropOptions {
    /// Columns of A to leave out, such as those with text: names or numbers counted from 0, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',', allow_hyphen_values = true)]
    pub drop: Vec<String>,
}

/// A format by the extension of its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum InputFormat {
    /// Text with commas, or semicolons
    Csv,
    /// Text with tabs
    Tsv,
    /// Text with blanks
    Txt,
    /// NumPy's array
    Npy,
    /// NumPy's archive of arrays
    Npz,
    /// Matrix Market
    Mtx,
    /// MATLAB, version 5
    Mat,
    /// Apache Parquet, where the command is built with the feature `parquet`
    Parquet,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DecimalChoice {
    /// 1.5
    Point,
    /// 1,5
    Comma,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum YesNo {
    Yes,
    No,
}

fn separator(text: &str) -> Result<Mark, Refusal> {
    Ok(match text {
        "comma" => Mark::Char(b','),
        "semicolon" => Mark::Char(b';'),
        "tab" | "\\t" => Mark::Char(b'\t'),
        "space" | "blanks" | " " => Mark::Blanks,
        _ => match text.as_bytes() {
            // These would tear numbers apart, or have another meaning.
            &[mark] if mark.is_ascii_punctuation() && !b".+-\"#()_".contains(&mark) => Mark::Char(mark),
            b"\t" => Mark::Char(b'\t'),
            _ => {
                let rule =
                    "--separator must be comma, semicolon, tab, space, or one character that is no part of numbers";
                return Err(Refusal::new(format!("{rule}, got '{text}'")));
            }
        },
    })
}

impl ReadingOptions {
    /// The options as the readers take them, with the columns to read and those to leave out.
    fn with(&self, only: &[String], dropped: &[String]) -> Reading {
        let format = self.input_format.map(|format| match format {
            InputFormat::Csv => input::Format::Text(Separator::Comma),
            InputFormat::Tsv => input::Format::Text(Separator::Tab),
            InputFormat::Txt => input::Format::Text(Separator::Blanks),
            InputFormat::Npy => input::Format::Npy,
            InputFormat::Npz => input::Format::Npz,
            InputFormat::Mtx => input::Format::MatrixMarket,
            InputFormat::Mat => input::Format::Matlab,
            InputFormat::Parquet => input::Format::Parquet,
        });
        let decimal = self.decimal.map(|decimal| match decimal {
            DecimalChoice::Point => Decimal::Point,
            DecimalChoice::Comma => Decimal::Comma,
        });
        let header = self.header.map(|header| header == YesNo::Yes);
        Reading { format, separator: self.separator, decimal, header, only: only.to_vec(), dropped: dropped.to_vec() }
    }
}

impl super::Command {
    /// How the files of this command are read.
    pub fn reading(&self) -> Reading {
        let of = |reading: &ReadingOptions, columns: &ColumnOptions| reading.with(&columns.columns, &columns.drop.drop);
        match self {
            Self::Solve(it) => of(&it.reading, &it.columns),
            Self::Path(it) => of(&it.reading, &it.columns),
            Self::Stability(it) => of(&it.reading, &it.columns),
            Self::Compare(it) => of(&it.reading, &it.columns),
            Self::Improve(it) => of(&it.reading, &it.columns),
            Self::Theory(it) => it.reading.with(&[], &it.drop.drop),
            Self::Deconvolve(it) => it.reading.with(&[], &[]),
            _ => Reading::default(),
        }
    }
}

/// Standard input can be read by one name: refuses what would be read twice.
pub fn check_standard_input(arguments: &[String]) -> Result<(), String> {
    const OUTPUTS: [&str; 3] = ["--output", "--trace", "--plot"];
    let follows_output = |at: usize| at > 0 && OUTPUTS.contains(&arguments[at - 1].as_str());
    let is_input = |(at, argument): &(usize, &String)| {
        argument.as_str() == "-" && !follows_output(*at)
            || argument.as_str() == "support:-"
            || (argument.starts_with("--")
                && argument.ends_with("=-")
                && !OUTPUTS.contains(&&argument[..argument.len() - 2]))
    };
    let count = arguments.iter().enumerate().filter(is_input).count();
    if count <= 1 {
        return Ok(());
    }
    Err(format!("standard input (-) can be read once, but it is given {count} times; write the others to files"))
}

/// `-:NAME`, an array in standard input, would be an option; this is another name of it.
pub fn with_named_standard_input(argument: String) -> String {
    match argument.strip_prefix("-:") {
        Some(name) => format!("/dev/stdin:{name}"),
        None => argument,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_words_or_characters() {
        for (text, mark) in [("comma", b','), (";", b';'), ("tab", b'\t'), ("\\t", b'\t'), ("\t", b'\t'), ("|", b'|')] {
            assert_eq!(separator(text), Ok(Mark::Char(mark)), "{text}");
        }
        assert_eq!(separator("space"), Ok(Mark::Blanks));
        for bad in ["", ".", "-", "e", "5", "\"", ";;", "é"] {
            let said = separator(bad).unwrap_err().to_string();
            assert!(said.starts_with("--separator must be") && said.ends_with(&format!("got '{bad}'")), "{said}");
        }
    }

    #[test]
    fn standard_input_is_read_once() {
        let check = |line: &str| check_standard_input(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        for good in
            ["solve - price", "solve A.npy - -k 3", "solve - y.npy --output -", "solve -:A -:y", "x --start=support"]
        {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["solve - -", "solve A.npy - --weights=-", "solve - y --start support:-"] {
            assert!(check(bad).unwrap_err().contains("given 2 times"), "{bad}");
        }
    }
}
