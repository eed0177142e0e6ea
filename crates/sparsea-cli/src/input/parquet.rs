//! Tables in `.parquet` files: columns of numbers, each with its name.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use num_complex::Complex;
use parquet::basic::{ConvertedType, LogicalType, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;

use super::array::{Matrix, Table, check_room};
use super::dense::{Dense, Layout};
use super::error::Problem;
use super::select::{Places, Purpose, Selection, typed};

/// Digits of decimal numbers that 16 bytes hold.
const MOST_DIGITS: i32 = 38;
/// Numbers read at a time.
const BATCH: usize = 1 << 16;
/// The note about a file that pandas wrote, JSON that names the columns of the index.
const PANDAS: &str = "pandas";
/// The note by which `sparsea` says that columns are real and imaginary parts in turn.
pub const COMPLEX: &str = "sparsea.complex";

/// Reads columns of a table. With `gaps`, a value that is missing is NaN.
pub fn read(bytes: Vec<u8>, gaps: bool, selection: &Selection<'_>) -> Result<Table, Problem> {
    // The crate panics on some damaged files. One at a time: the hook is that of the process.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let read = panic::catch_unwind(AssertUnwindSafe(|| read_table(bytes, gaps, selection)));
    panic::set_hook(hook);
    read.unwrap_or_else(|_| Err(invalid("it is damaged")))
}

fn read_table(bytes: Vec<u8>, gaps: bool, selection: &Selection<'_>) -> Result<Table, Problem> {
    let file = SerializedFileReader::new(Bytes::from(bytes)).map_err(malformed)?;
    let metadata = file.metadata().file_metadata();
    let schema = metadata.schema_descr();
    let names: Vec<String> = schema.columns().iter().map(|column| column.path().string()).collect();
    let count = names.len();
    let rows = usize::try_from(metadata.num_rows()).map_err(|_| invalid("it claims a negative number of rows"))?;
    if rows == 0 || count == 0 {
        return Err(Problem::Empty);
    }
    let mut kept = selection.kept(Some(&names), count)?;
    let noted = |key: &str| {
        let notes = metadata.key_value_metadata().into_iter().flatten();
        notes.into_iter().find(|note| note.key == key).and_then(|note| note.value.as_deref())
    };
    let index = noted(PANDAS).map(index_columns).unwrap_or_default();
    let is_index = |j: usize| index.contains(&names[j]) && !selection.mentions(Some(&names), j, count);
    let has_index = (0..count).any(|j| kept[j] && is_index(j)) && (0..count).any(|j| kept[j] && !is_index(j));
    if has_index {
        (0..count).filter(|&j| is_index(j)).for_each(|j| kept[j] = false);
    }
    let kept: Vec<usize> = (0..count).filter(|&j| kept[j]).collect();
    refuse_others(
        &schema.columns().iter().map(|column| numbers(column)).collect::<Vec<_>>(),
        &kept,
        &names,
        selection,
    )?;
    check_room(rows.saturating_mul(kept.len()).saturating_mul(size_of::<f64>()))?;
    let mut values: Vec<f64> = Vec::with_capacity(rows * kept.len());
    for &j in &kept {
        let begin = values.len();
        for group in 0..file.num_row_groups() {
            let group = file.get_row_group(group).map_err(malformed)?;
            let before = values.len() - begin;
            if let Some(missing) = read_column(&*group, j, &schema.column(j), &mut values)?
                && !gaps
            {
                let name = names[j].clone();
                let remedy = selection.remedy(j, Some(&names));
                return Err(Problem::MissingValue { row: before + missing, name, remedy });
            }
        }
        if values.len() - begin != rows {
            let found = values.len() - begin;
            return Err(invalid(&format!("column '{}' has {found} values, but there are {rows} rows", names[j])));
        }
    }
    if noted(COMPLEX).is_some() && kept.len() == count && count.is_multiple_of(2) {
        let columns = values.chunks_exact(2 * rows);
        let parts = columns.flat_map(|pair| pair[..rows].iter().zip(&pair[rows..]));
        let values = parts.map(|(&re, &im)| Complex::new(re, im)).collect();
        return Ok(Table::unnamed(Matrix::DenseComplex(Dense::new(values, rows, count / 2, Layout::Columns))));
    }
    let matrix = Matrix::Dense(Dense::new(values, rows, kept.len(), Layout::Columns));
    let column_names = Some(kept.iter().map(|&j| names[j].clone()).collect());
    let note = has_index.then_some(("the index of the data frame is left out", "--columns with its name keeps it"));
    let places = (kept.len() < count).then_some(Places { kept, of: count });
    Ok(Table { matrix, column_names, places, note, pairs: None })
}

/// The columns of the index of a data frame; one that only counts the rows has none.
fn index_columns(note: &str) -> Vec<String> {
    let note: serde_json::Value = serde_json::from_str(note).unwrap_or_default();
    let columns = note["index_columns"].as_array().into_iter().flatten();
    columns.filter_map(|column| column.as_str().map(str::to_owned)).collect()
}

/// What a column holds, unless it is numbers.
fn numbers(column: &ColumnDescriptor) -> Result<(), &'static str> {
    if column.max_rep_level() > 0 || column.max_def_level() > 1 || column.path().parts().len() > 1 {
        return Err("lists or nested values");
    }
    match column.logical_type_ref() {
        Some(LogicalType::Date | LogicalType::Time(_) | LogicalType::Timestamp(_)) => return Err("dates or times"),
        Some(LogicalType::Float16) => return Err("16-bit floats"),
        _ => {}
    }
    match column.converted_type() {
        ConvertedType::DATE
        | ConvertedType::TIME_MILLIS
        | ConvertedType::TIME_MICROS
        | ConvertedType::TIMESTAMP_MILLIS
        | ConvertedType::TIMESTAMP_MICROS => return Err("dates or times"),
        _ => {}
    }
    match column.physical_type() {
        Type::BOOLEAN | Type::INT32 | Type::INT64 | Type::FLOAT | Type::DOUBLE => Ok(()),
        Type::INT96 => Err("dates or times"),
        Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY if is_decimal(column) => {
            if column.type_precision() <= MOST_DIGITS { Ok(()) } else { Err("decimal numbers of more than 38 digits") }
        }
        Type::BYTE_ARRAY => Err("text"),
        Type::FIXED_LEN_BYTE_ARRAY => Err("bytes"),
    }
}

fn is_decimal(column: &ColumnDescriptor) -> bool {
    column.converted_type() == ConvertedType::DECIMAL
        || matches!(column.logical_type_ref(), Some(LogicalType::Decimal(_)))
}

/// Refuses columns that hold something else than numbers, with the way out.
fn refuse_others(
    held: &[Result<(), &'static str>],
    kept: &[usize],
    names: &[String],
    selection: &Selection<'_>,
) -> Result<(), Problem> {
    let others: Vec<usize> = kept.iter().copied().filter(|&j| held[j].is_err()).collect();
    let Some(Err(what)) = others.first().map(|&j| held[j]) else { return Ok(()) };
    // One kind at a time, so that the message is true of all.
    let others: Vec<usize> = others.into_iter().filter(|&j| held[j] == Err(what)).collect();
    let drop = (selection.purpose == Purpose::Predictors)
        .then(|| others.iter().map(|&j| typed(j, Some(names))).collect::<Vec<_>>().join(","));
    let columns = others.iter().map(|&j| (j, Some(names[j].clone()))).collect();
    Err(Problem::OtherColumns { columns, what, drop })
}

/// Reads a column of a row group, and says in which of its rows a value is missing first.
fn read_column(
    group: &dyn RowGroupReader,
    j: usize,
    column: &ColumnDescriptor,
    out: &mut Vec<f64>,
) -> Result<Option<usize>, Problem> {
    let optional = column.max_def_level() > 0;
    let is_unsigned = matches!(column.logical_type_ref(), Some(LogicalType::Integer(kind)) if !kind.is_signed)
        || matches!(
            column.converted_type(),
            ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64
        );
    let scale = if is_decimal(column) { 10f64.powi(column.type_scale()) } else { 1.0 };
    match group.get_column_reader(j).map_err(malformed)? {
        ColumnReader::BoolColumnReader(reader) => fill(reader, optional, |&v| f64::from(u8::from(v)), out),
        ColumnReader::Int32ColumnReader(reader) if is_unsigned => {
            fill(reader, optional, |&v| f64::from(v.cast_unsigned()), out)
        }
        ColumnReader::Int32ColumnReader(reader) => fill(reader, optional, |&v| f64::from(v) / scale, out),
        ColumnReader::Int64ColumnReader(reader) if is_unsigned => {
            fill(reader, optional, |&v| v.cast_unsigned() as f64, out)
        }
        ColumnReader::Int64ColumnReader(reader) => fill(reader, optional, |&v| v as f64 / scale, out),
        ColumnReader::FloatColumnReader(reader) => fill(reader, optional, |&v| f64::from(v), out),
        ColumnReader::DoubleColumnReader(reader) => fill(reader, optional, |&v| v, out),
        ColumnReader::ByteArrayColumnReader(reader) if is_decimal(column) => {
            fill(reader, optional, |v| decimal(v.data()) / scale, out)
        }
        ColumnReader::FixedLenByteArrayColumnReader(reader) if is_decimal(column) => {
            fill(reader, optional, |v| decimal(v.data()) / scale, out)
        }
        _ => Err(invalid("a column of numbers holds something else")),
    }
}

/// The whole number in these bytes, the first of which has its sign.
fn decimal(bytes: &[u8]) -> f64 {
    let sign = if bytes.first().is_some_and(|&first| first >= 0x80) { -1i128 } else { 0 };
    bytes.iter().fold(sign, |number, &byte| (number << 8) | i128::from(byte)) as f64
}

fn fill<D: DataType>(
    mut reader: ColumnReaderImpl<D>,
    optional: bool,
    number: impl Fn(&D::T) -> f64,
    out: &mut Vec<f64>,
) -> Result<Option<usize>, Problem> {
    let (begin, mut missing) = (out.len(), None);
    let (mut values, mut levels) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
    loop {
        values.clear();
        levels.clear();
        let level = optional.then_some(&mut levels);
        let (records, ..) = reader.read_records(BATCH, level, None, &mut values).map_err(malformed)?;
        if records == 0 {
            return Ok(missing);
        }
        if !optional {
            out.extend(values.iter().map(&number));
            continue;
        }
        let mut held = values.iter();
        for &level in &levels {
            if level > 0 {
                out.push(held.next().map(&number).ok_or_else(|| invalid("it holds fewer values than it says"))?);
            } else {
                missing.get_or_insert(out.len() - begin);
                out.push(f64::NAN);
            }
        }
    }
}

fn invalid(rule: &str) -> Problem {
    Problem::Malformed { format: ".parquet", rule: rule.to_owned() }
}

fn malformed(error: ParquetError) -> Problem {
    match error {
        ParquetError::NYI(what) => Problem::Unsupported {
            what: format!("a Parquet file with a part that is not read ({what})"),
            advice: "write it with Snappy or Zstandard compression, or as .csv or .npy".to_owned(),
        },
        ParquetError::General(what) if what.contains("compile time") => Problem::Unsupported {
            what: "a Parquet file with a compression that is not read".to_owned(),
            advice: "write it with Snappy, Zstandard, LZ4 or gzip, or as .csv or .npy".to_owned(),
        },
        other => invalid(other.to_string().lines().next().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::write_matrix;

    fn whole(bytes: Vec<u8>) -> Result<Table, Problem> {
        read(bytes, false, &Selection::all(Purpose::Other))
    }

    /// Every bit of a small file changed, and the file cut at every byte: numbers, or one line.
    #[test]
    fn no_damage_is_a_panic() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.parquet");
        let written = faer::Mat::from_fn(5, 3, |i, j| (i * 3 + j) as f64 - 0.5);
        write_matrix(&file, &Matrix::Dense(written.clone().into())).unwrap();
        let bytes = std::fs::read(&file).unwrap();
        let Ok(Matrix::Dense(found)) = whole(bytes.clone()).map(|table| table.matrix) else {
            panic!("not a dense matrix")
        };
        assert_eq!(found.as_ref(), written.as_ref());
        let (mut refused, mut panicked) = (0, 0);
        let mut check = |damaged: Vec<u8>| {
            if let Err(problem) = whole(damaged) {
                refused += 1;
                let line = problem.to_string();
                assert!(!line.contains('\n') && !line.is_empty(), "{line}");
                panicked += usize::from(line.ends_with("it is damaged"));
            }
        };
        for at in 0..bytes.len() {
            check(bytes[..at].to_vec());
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1 << bit;
                check(damaged);
            }
        }
        // If the crate no longer panics on any of these, catching is no longer needed.
        assert!(refused > 1000 && panicked > 0, "{refused} {panicked}");
    }
}
