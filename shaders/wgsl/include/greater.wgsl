// The greater one; what is no number stays, as far as the device knows of such.
fn greater(a: f32, b: f32) -> f32 {
    return select(b, a, a > b || a != a);
}
