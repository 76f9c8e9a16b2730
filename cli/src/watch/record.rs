//! TensorBoard's event files: TensorFlow's record format, and the messages in it that a run needs
//! (`tensorflow/core/util/event.proto`, `framework/summary.proto`).
//!
//! Of the crates that write them one asks for `protoc`, one brings an old protobuf with a known weakness, and one
//! downloads while it is built.

use crc::{CRC_32_ISCSI, Crc};
use prost::Message;

/// Something at a step.
#[derive(Clone, PartialEq, Message)]
pub struct TensorBoardEvent {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    pub wall_time: f64,
    /// Training steps.
    #[prost(int64, tag = "2")]
    pub step: i64,
    /// What of the two.
    #[prost(oneof = "What", tags = "3, 5, 7")]
    pub what: Option<What>,
}

/// What an event is.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum What {
    /// The first event of a file.
    #[prost(string, tag = "3")]
    FileVersion(String),
    /// Numbers.
    #[prost(message, tag = "5")]
    Summary(Summary),
    /// A program began to write: what others wrote of later steps is void.
    #[prost(message, tag = "7")]
    Session(Session),
}

/// Numbers of a step.
#[derive(Clone, PartialEq, Message)]
pub struct Summary {
    #[prost(message, repeated, tag = "1")]
    pub values: Vec<Value>,
}

/// A number, or how many are spread.
#[derive(Clone, PartialEq, Message)]
pub struct Value {
    #[prost(string, tag = "1")]
    pub tag: String,
    #[prost(float, optional, tag = "2")]
    pub number: Option<f32>,
    #[prost(message, optional, tag = "5")]
    pub histogram: Option<Histogram>,
}

/// How numbers are spread.
#[derive(Clone, PartialEq, Message)]
pub struct Histogram {
    #[prost(double, tag = "1")]
    pub low: f64,
    #[prost(double, tag = "2")]
    pub high: f64,
    #[prost(double, tag = "3")]
    pub count: f64,
    #[prost(double, tag = "4")]
    pub sum: f64,
    #[prost(double, tag = "5")]
    pub sum_of_squares: f64,
    /// Right ends of the parts.
    #[prost(double, repeated, tag = "6")]
    pub ends: Vec<f64>,
    /// How many lie in each.
    #[prost(double, repeated, tag = "7")]
    pub counts: Vec<f64>,
}

/// What becomes of a session.
#[derive(Clone, PartialEq, Message)]
pub struct Session {
    /// 1: it begins.
    #[prost(int32, tag = "1")]
    pub status: i32,
}

/// A record: its length, its data, and a checksum behind each.
pub fn record(event: &TensorBoardEvent) -> Vec<u8> {
    let data = event.encode_to_vec();
    let length = (data.len() as u64).to_le_bytes();
    let mut bytes = Vec::with_capacity(data.len() + 16);
    bytes.extend(length);
    bytes.extend(masked(&length).to_le_bytes());
    bytes.extend(&data);
    bytes.extend(masked(&data).to_le_bytes());
    bytes
}

/// CRC-32C, turned, so that a checksum of data that hold checksums is one.
fn masked(bytes: &[u8]) -> u32 {
    let sum = Crc::<u32>::new(&CRC_32_ISCSI).checksum(bytes);
    sum.rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_the_one_that_tensorboard_writes() {
        let hex = |event| -> String {
            let bytes = record(&event);
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        // What `tensorboard.summary.writer.record_writer` 2.21 writes of the same events.
        let first = TensorBoardEvent {
            wall_time: 1.0,
            step: 0,
            what: Some(What::FileVersion("brain.Event:2".to_owned())),
        };
        assert_eq!(
            hex(first),
            "1800000000000000a37f4b2209000000000000f03f1a0d627261696e2e4576656e743a3286bf577a"
        );
        let value = |tag: &str| Value {
            tag: tag.to_owned(),
            number: None,
            histogram: None,
        };
        let number = Value {
            number: Some(0.5),
            ..value("a")
        };
        let spread = Value {
            histogram: Some(Histogram {
                low: -1.0,
                high: 1.0,
                count: 3.0,
                sum: 0.5,
                sum_of_squares: 2.0,
                ends: vec![0.0, 1.0],
                counts: vec![1.0, 2.0],
            }),
            ..value("b")
        };
        let second = TensorBoardEvent {
            wall_time: 2.5,
            step: 7,
            what: Some(What::Summary(Summary {
                values: vec![number, spread],
            })),
        };
        assert_eq!(
            hex(second),
            "6f000000000000006c3181de09000000000000044010072a620a080a0161150000003f0a560a01622a51\
             09000000000000f0bf11000000000000f03f19000000000000084021000000000000e03f\
             290000000000000040321000000000000000000000\
             00000000f03f3a10000000000000f03f0000000000000040cd5748d5"
        );
    }
}
