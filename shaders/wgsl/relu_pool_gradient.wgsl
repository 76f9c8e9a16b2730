// The gradient of relu_pool.wgsl: that of each square goes to the first greatest of its numbers, if
// this is above 0 or is no number.
//
// Shapes: x and by_x [planes, HEIGHT, WIDTH]; gradient [planes, HEIGHT / 2, WIDTH / 2].
// HEIGHT, WIDTH and how numbers are Stored come before this text (relu_pool.rs).
// Bindings are all read_write, see attack_step.wgsl.
// Dispatch: one invocation a square, those at the edge that are not whole too, ceil(n / 64) workgroups,
// spread over x and y.

@group(0) @binding(0) var<storage, read_write> x: array<Stored>;
@group(0) @binding(1) var<storage, read_write> gradient: array<Stored>;
@group(0) @binding(2) var<storage, read_write> by_x: array<Stored>;

const WORKGROUP: u32 = 64u;
const ROWS: u32 = (HEIGHT + 1u) / 2u;
const COLUMNS: u32 = (WIDTH + 1u) / 2u;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = (workgroup.y * workgroups.x + workgroup.x) * WORKGROUP + local;
    if i >= arrayLength(&by_x) / (HEIGHT * WIDTH) * ROWS * COLUMNS {
        return;
    }
    let row_of_all = i / COLUMNS;
    let plane = row_of_all / ROWS;
    let row = row_of_all % ROWS;
    let column = i % COLUMNS;
    let at = (plane * HEIGHT + row * 2u) * WIDTH + column * 2u;
    let is_upper = row * 2u + 1u == HEIGHT;
    let is_left = column * 2u + 1u == WIDTH;
    if is_upper || is_left {
        by_x[at] = Stored(0.0);
        if !is_left {
            by_x[at + 1u] = Stored(0.0);
        }
        if !is_upper {
            by_x[at + WIDTH] = Stored(0.0);
        }
        return;
    }
    let a = f32(x[at]);
    let b = f32(x[at + 1u]);
    let c = f32(x[at + WIDTH]);
    let d = f32(x[at + WIDTH + 1u]);
    let greatest = greater(greater(a, b), greater(c, d));
    let given = select(
        gradient[(plane * (HEIGHT / 2u) + row) * (WIDTH / 2u) + column],
        Stored(0.0),
        greatest <= 0.0,
    );
    let is_a = a == greatest;
    let is_b = !is_a && b == greatest;
    let is_c = !is_a && !is_b && c == greatest;
    by_x[at] = select(Stored(0.0), given, is_a);
    by_x[at + 1u] = select(Stored(0.0), given, is_b);
    by_x[at + WIDTH] = select(Stored(0.0), given, is_c);
    by_x[at + WIDTH + 1u] = select(given, Stored(0.0), is_a || is_b || is_c);
}
