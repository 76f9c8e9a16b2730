//! A table as Parquet, uncompressed: its text columns are few words, which a dictionary holds.

use std::io::Write;
use std::sync::Arc;

use anyhow::{Result, bail};
use parquet::basic::{LogicalType, Repetition, Type as Kind};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};

use super::tidy::{Tidy, Values};

/// Writes the table; every value may be missing.
///
/// # Errors
/// If it cannot be written.
pub fn write(tidy: &Tidy, to: impl Write + Send) -> Result<()> {
    let fields = tidy.columns.iter().map(|(name, values)| {
        let builder = match values {
            Values::Texts(_) => Type::primitive_type_builder(name, Kind::BYTE_ARRAY)
                .with_logical_type(Some(LogicalType::String)),
            Values::Numbers(_) => Type::primitive_type_builder(name, Kind::DOUBLE),
        };
        Ok(Arc::new(
            builder.with_repetition(Repetition::OPTIONAL).build()?,
        ))
    });
    let fields = fields.collect::<Result<Vec<TypePtr>>>()?;
    let schema = Type::group_type_builder("sweep")
        .with_fields(fields)
        .build()?;
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(to, Arc::new(schema), properties)?;
    let mut group = writer.next_row_group()?;
    for (name, values) in &tidy.columns {
        let Some(mut column) = group.next_column()? else {
            bail!("the file has no column {name}");
        };
        match (column.untyped(), values) {
            (ColumnWriter::ByteArrayColumnWriter(writer), Values::Texts(texts)) => {
                let there: Vec<ByteArray> = texts
                    .iter()
                    .flatten()
                    .map(|text| ByteArray::from(text.as_str()))
                    .collect();
                writer.write_batch(&there, Some(&levels(texts)), None)?;
            }
            (ColumnWriter::DoubleColumnWriter(writer), Values::Numbers(numbers)) => {
                let there: Vec<f64> = numbers.iter().flatten().copied().collect();
                writer.write_batch(&there, Some(&levels(numbers)), None)?;
            }
            _ => bail!("the file's column {name} is of another kind"),
        }
        column.close()?;
    }
    group.close()?;
    writer.close()?;
    Ok(())
}

/// Which values are there.
fn levels<T>(values: &[Option<T>]) -> Vec<i16> {
    values
        .iter()
        .map(|value| i16::from(value.is_some()))
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;

    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let texts = [Some("a"), None, Some("c")].map(|text| text.map(str::to_owned));
        let numbers = [None, Some(0.25), Some(1.0 / 3.0)];
        let tidy = Tidy {
            columns: vec![
                (
                    "objective.beta".to_owned(),
                    Values::Numbers(numbers.to_vec()),
                ),
                ("model".to_owned(), Values::Texts(texts.to_vec())),
            ],
        };
        let file = tempfile::NamedTempFile::new().unwrap();
        write(&tidy, file.reopen().unwrap()).unwrap();
        let reader = SerializedFileReader::new(file.reopen().unwrap()).unwrap();
        let names = reader.metadata().file_metadata().schema_descr();
        assert_eq!(names.column(0).name(), "objective.beta");
        let rows = reader.get_row_iter(None).unwrap();
        let read: Vec<_> = rows
            .map(|row| {
                let row = row.unwrap();
                (row.get_double(0).ok(), row.get_string(1).ok().cloned())
            })
            .collect();
        let expected: Vec<_> = numbers.into_iter().zip(texts).collect();
        assert_eq!(read, expected);
    }
}
