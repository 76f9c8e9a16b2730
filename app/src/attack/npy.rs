//! NumPy's file of one array.

/// A `.npy` file (format 1.0) of float32 numbers, `shape` in C order, from their little-endian bytes.
pub fn npy([channels, height, width]: [usize; 3], floats: &[u8]) -> Vec<u8> {
    let mut header = format!(
        "{{'descr': '<f4', 'fortran_order': False, 'shape': ({channels}, {height}, {width}), }}"
    );
    // The array begins at a multiple of 64; a line's end closes the header. Before it are ten bytes.
    let spaces = 63 - (10 + header.len()) % 64;
    header.extend(std::iter::repeat_n(' ', spaces));
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(floats);
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_as_numpy_writes_it() {
        let floats: Vec<u8> = (0..28 * 28)
            .flat_map(|at| (at as f32 / 1000.0).to_le_bytes())
            .collect();
        let file = npy([1, 28, 28], &floats);
        // What `numpy.save` writes for such an array.
        let mut head = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
        head.extend(b"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 28, 28), }");
        head.resize(127, b' ');
        head.push(b'\n');
        assert_eq!(file[..128], head);
        assert_eq!(file[128..], floats);
        for shape in [[3, 32, 32], [3, 512, 512], [1, 4, 4]] {
            let file = npy(shape, &[]);
            let length = usize::from(u16::from_le_bytes([file[8], file[9]]));
            assert_eq!(file.len(), 10 + length, "{shape:?}");
            assert_eq!(file.len() % 64, 0, "{shape:?}");
            assert_eq!(file.last(), Some(&b'\n'));
        }
    }
}
