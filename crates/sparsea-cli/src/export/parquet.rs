//! Tables of numbers as `.parquet` files.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, Repetition, Type as Physical};
use parquet::data_type::DoubleType;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use super::Scalar;
use crate::input::COMPLEX;

/// Writes columns of these names; a complex one as two, `NAME_re` and `NAME_im`.
pub(super) fn write<T: Scalar>(
    out: &mut dyn Write,
    rows: usize,
    names: &[String],
    entry: impl Fn(usize, usize) -> T,
) -> io::Result<()> {
    // The writer of the crate takes what can be sent to other threads.
    let bytes = table(rows, names, entry).map_err(io::Error::other)?;
    out.write_all(&bytes)
}

fn table<T: Scalar>(rows: usize, names: &[String], entry: impl Fn(usize, usize) -> T) -> Result<Vec<u8>, ParquetError> {
    let parts = (0..names.len()).flat_map(|j| (0..T::PARTS.len()).map(move |which| (j, which)));
    let field = |(j, which): (usize, usize)| {
        let name = format!("{}{}", names[j], T::PARTS[which]);
        let field = Type::primitive_type_builder(&name, Physical::DOUBLE).with_repetition(Repetition::REQUIRED);
        field.build().map(Arc::new)
    };
    let fields = parts.clone().map(field).collect::<Result<_, _>>()?;
    let schema = Arc::new(Type::group_type_builder("schema").with_fields(fields).build()?);
    let is_complex = T::PARTS.len() > 1;
    let notes = is_complex.then(|| vec![KeyValue::new(COMPLEX.to_owned(), "re, im".to_owned())]);
    let properties =
        WriterProperties::builder().set_compression(Compression::SNAPPY).set_key_value_metadata(notes).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    for (j, which) in parts {
        let values: Vec<f64> = (0..rows).map(|i| entry(i, j).part(which)).collect();
        let Some(mut column) = group.next_column()? else { break };
        column.typed::<DoubleType>().write_batch(&values, None, None)?;
        column.close()?;
    }
    group.close()?;
    writer.into_inner()
}
