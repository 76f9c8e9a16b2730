//! References of `wgsl/linear.wgsl` and `wgsl/relu_gradient.wgsl`, and the text of the first for a shape.

use crate::float::{Float, aliases};
use crate::unrolled::unrolled;

/// Rows that an invocation makes.
pub const TILE: usize = 8;

/// Invocations beside each other.
pub const LANES: u32 = 64;

/// Invocations of a workgroup of [`relu_gradient_text`].
pub const WORKGROUP: u32 = 64;

/// Text of the kernel for the gradient of ReLU.
pub fn relu_gradient_text(stored: Float) -> String {
    aliases(&[("Stored", stored)]) + include_str!("../wgsl/relu_gradient.wgsl")
}

/// The floats of a product's sides and of the product. A bias has 32 bits.
///
/// A right side of 16 bits must have two columns at least: what is bound is whole words of 32 bits, and
/// the kernel counts its terms by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Floats {
    /// Of the left side.
    pub left: Float,
    /// Of the right side.
    pub right: Float,
    /// Of the product.
    pub out: Float,
}

/// A matrix product as the kernel is made for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Product {
    /// Columns of the right side and of the product.
    pub columns: usize,
    /// The left side has its rows along its second axis.
    pub is_turned: bool,
    /// A bias is added to each row.
    pub has_bias: bool,
    /// ReLU comes last.
    pub is_relu: bool,
    /// Neighbouring invocations share sums where there are few, to keep a GPU busy. In software, where
    /// memory of a workgroup and barriers are dear, they do not.
    pub is_shared: bool,
}

impl Product {
    /// The kernel's text.
    pub fn text(&self, floats: Floats) -> String {
        let Self {
            columns,
            is_turned,
            is_relu,
            ..
        } = self;
        let constants = format!(
            "const N: u32 = {columns};\nconst COLUMNS: u32 = {};\nconst SLICES: u32 = {};\n\
             const IS_TURNED: bool = {is_turned};\nconst IS_RELU: bool = {is_relu};\n",
            self.lane_columns(),
            self.slices()
        );
        let body = include_str!("../wgsl/linear.wgsl").lines();
        let body: String = body
            .filter(|line| self.has_bias || !line.contains("bias"))
            .flat_map(|line| [line, "\n"])
            .collect();
        let columns = self.lane_columns();
        let numbers = [
            ("m", TILE),
            ("n", columns),
            ("COLUMNS", columns),
            ("shared", usize::from(self.slices() > 1)),
        ];
        let floats = [
            ("Left", floats.left),
            ("Right", floats.right),
            ("Out", floats.out),
        ];
        aliases(&floats) + &constants + &unrolled(&body, &numbers)
    }

    /// Columns that an invocation makes.
    pub fn lane_columns(&self) -> usize {
        match self.columns {
            0..=64 if self.is_shared => 1,
            65..=255 if self.is_shared => 2,
            columns => columns.min(4),
        }
    }

    /// Parts that each sum is shared between: few rows and columns keep few workgroups busy. Turned
    /// sides have as many rows as a layer has inputs.
    pub fn slices(&self) -> u32 {
        if self.is_shared && self.columns < 256 && !self.is_turned {
            4
        } else {
            1
        }
    }

    /// Invocations that make a row.
    pub fn lanes(&self) -> usize {
        self.columns.div_ceil(self.lane_columns())
    }
}

/// The product by its definition, with a bias and ReLU where they are asked for.
///
/// # Shapes
/// - `left`: `[rows, k]`, or `[k, rows]` if it is turned
/// - `right`: `[k, columns]`
/// - `bias`: `[columns]`
/// - output: `[rows, columns]`
pub fn linear(product: Product, left: &[f32], right: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    let columns = product.columns;
    let terms = right.len() / columns;
    let rows = left.len() / terms;
    let place = |row: usize, term: usize| {
        if product.is_turned {
            term * rows + row
        } else {
            row * terms + term
        }
    };
    let numbers = (0..rows * columns).map(|i| {
        let (row, column) = (i / columns, i % columns);
        let terms = (0..terms).map(|term| left[place(row, term)] * right[term * columns + column]);
        let sum = terms.sum::<f32>() + bias.map_or(0.0, |bias| bias[column]);
        if product.is_relu && sum <= 0.0 {
            0.0
        } else {
            sum
        }
    });
    numbers.collect()
}

/// The gradient of ReLU, from what ReLU gave.
pub fn relu_gradient(out: &[f32], gradient: &[f32]) -> Vec<f32> {
    let both = out.iter().zip(gradient);
    both.map(|(&out, &gradient)| if out <= 0.0 { 0.0 } else { gradient })
        .collect()
}
