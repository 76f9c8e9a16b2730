//! Products of matrices.

use super::Call;
use super::shapes::permuted;
use crate::onnx::read::array::broadcast;
use crate::onnx::read::error::{Problem, fail};
use crate::onnx::read::operation::{Binary, Operation, Unary};
use crate::onnx::read::plan::{Planned, Planner};

type Outputs = Result<Vec<Planned>, Problem>;

/// alpha A B + beta C, with A and B transposed if asked for
pub fn gemm(call: &Call, planner: &mut Planner) -> Outputs {
    let (mut a, mut b) = (call.input(0)?.clone(), call.input(1)?.clone());
    if a.rank() != 2 || b.rank() != 2 {
        fail!(
            "its factors have shapes {:?} and {:?}, not two axes each",
            a.shape,
            b.shape
        );
    }
    if call.attributes.flag("transA", false) {
        a = permuted(planner, &a, &[1, 0])?;
    }
    if call.attributes.flag("transB", false) {
        b = permuted(planner, &b, &[1, 0])?;
    }
    let mut sum = product(planner, &a, &b)?;
    let alpha = call.attributes.float("alpha", 1.0);
    if alpha != 1.0 {
        sum = planner.unary(Unary::Scale(alpha), &sum)?;
    }
    if let Some(c) = call.optional(2) {
        let beta = call.attributes.float("beta", 1.0);
        let mut c = c.clone();
        if beta != 1.0 {
            c = planner.unary(Unary::Scale(beta), &c)?;
        }
        if broadcast(&c.shape, &sum.shape)? != sum.shape {
            fail!(
                "a summand of shape {:?} does not fit {:?}",
                c.shape,
                sum.shape
            );
        }
        sum = planner.binary(Binary::Add, &sum, &c)?;
    }
    Ok(vec![sum])
}

/// As numpy's `matmul`.
pub fn matmul(call: &Call, planner: &mut Planner) -> Outputs {
    let (a, b) = (call.input(0)?, call.input(1)?);
    if a.rank() == 0 || b.rank() == 0 {
        fail!("a factor has no axes");
    }
    // A vector is a row on the left and a column on the right; that axis goes again.
    let row = [&[1], &a.shape[..]].concat();
    let column = [&b.shape[..], &[1]].concat();
    let left = if a.rank() == 1 {
        planner.reshape(a, row)?
    } else {
        a.clone()
    };
    let right = if b.rank() == 1 {
        planner.reshape(b, column)?
    } else {
        b.clone()
    };
    let result = product(planner, &left, &right)?;
    let mut shape = result.shape.clone();
    if b.rank() == 1 {
        shape.pop();
    }
    if a.rank() == 1 {
        let at = shape
            .len()
            .saturating_sub(if b.rank() == 1 { 1 } else { 2 });
        shape.remove(at);
    }
    Ok(vec![planner.reshape(&result, shape)?])
}

/// The product of matrices, with broadcasting of the axes before them.
fn product(planner: &mut Planner, a: &Planned, b: &Planned) -> Result<Planned, Problem> {
    let (&[ref before_a @ .., rows, inner], &[ref before_b @ .., again, columns]) =
        (&a.shape[..], &b.shape[..])
    else {
        fail!("shapes {:?} and {:?} are no matrices", a.shape, b.shape);
    };
    if inner != again {
        fail!(
            "matrices of shapes {:?} and {:?} have no product",
            a.shape,
            b.shape
        );
    }
    if before_b.is_empty() && !before_a.is_empty() {
        // One matrix for all: one product is faster than many.
        let all: usize = before_a.iter().product::<usize>() * rows;
        let flat = planner.reshape(a, vec![all, inner])?;
        let product = planner.push(Operation::MatMul, &[&flat, b], vec![all, columns])?;
        return planner.reshape(&product, [before_a, &[rows, columns]].concat());
    }
    let before = broadcast(before_a, before_b)?;
    let full = |last: [usize; 2]| [&before[..], &last].concat();
    let a = expanded(planner, a, full([rows, inner]))?;
    let b = expanded(planner, b, full([inner, columns]))?;
    planner.push(Operation::MatMul, &[&a, &b], full([rows, columns]))
}

/// A value in a shape that it can be broadcast to.
pub fn expanded(planner: &mut Planner, x: &Planned, shape: Vec<usize>) -> Result<Planned, Problem> {
    if x.shape == shape {
        return Ok(x.clone());
    }
    planner.push(Operation::Expand(shape.clone()), &[x], shape)
}
