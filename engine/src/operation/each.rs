//! Work on the parts of a slice, shared by threads where there are some.

/// Calls `work` with the number of every part of `len` items, the part, and what `scratch` makes for
/// several of them that one thread goes through.
///
/// # Panics
/// If `len` is 0.
pub fn each_part<S>(
    items: &mut [f32],
    len: usize,
    scratch: impl Fn() -> S + Send + Sync,
    work: impl Fn(&mut S, usize, &mut [f32]) + Send + Sync,
) {
    #[cfg(feature = "threads")]
    {
        use rayon::prelude::*;
        items
            .par_chunks_exact_mut(len)
            .enumerate()
            .for_each_init(scratch, |scratch, (index, part)| work(scratch, index, part));
    }
    #[cfg(not(feature = "threads"))]
    {
        let mut scratch = scratch();
        for (index, part) in items.chunks_exact_mut(len).enumerate() {
            work(&mut scratch, index, part);
        }
    }
}

/// `work` for every number below `count`, results in order.
pub fn each<T: Send>(count: usize, work: impl Fn(usize) -> T + Send + Sync) -> Vec<T> {
    #[cfg(feature = "threads")]
    {
        use rayon::prelude::*;
        (0..count).into_par_iter().map(work).collect()
    }
    #[cfg(not(feature = "threads"))]
    {
        (0..count).map(work).collect()
    }
}
