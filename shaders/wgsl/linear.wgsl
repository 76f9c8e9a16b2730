// A matrix product, with a bias and ReLU where a layer has them.
//
//   out[m, n] = f(sum_k left[m, k] right[k, n] + bias[n])
//
// Each invocation makes TILE rows of COLUMNS columns: what it loads of the left side is the same for
// its neighbours, what it loads of the right side lies beside theirs. SLICES of the workgroup share a
// sum.
//
// Shapes: left [rows, k], or [k, rows] if it IS_TURNED; right [k, N]; bias [N]; out [rows, N].
// N, COLUMNS, SLICES, IS_TURNED and IS_RELU come as constants before this text (linear.rs). A line with
// a dollar sign stands for TILE lines, and one with a number sign for COLUMNS lines, with 0, 1, ... in
// its place; a product without bias does without the bias's lines.
// Bindings are all read_write, see attack_step.wgsl. Rows and k are what the bound tensors hold.
// Dispatch: x counts 64 COLUMNS columns, y and z count TILE rows.

@group(0) @binding(0) var<storage, read_write> left: array<f32>;
@group(0) @binding(1) var<storage, read_write> right: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<storage, read_write> bias: array<f32>;

const LANES: u32 = 64u;
const TILE: u32 = 8u;
const SUMS: u32 = LANES * TILE * COLUMNS;

var<workgroup> parts: array<f32, SUMS * max(SLICES - 1u, 1u)>;

@compute @workgroup_size(64, SLICES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let rows = arrayLength(&out) / N;
    let terms = arrayLength(&right) / N;
    let first = (workgroup.z * workgroups.y + workgroup.y) * TILE;
    let begin = workgroup.x * LANES * COLUMNS + local.x;
    // Those beyond the end do the last one's work, and do not store it.
    let row$ = min(first + $u, rows - 1u);
    let column# = min(begin + #u * LANES, N - 1u);
    var step = 1u;
    var left$ = row$ * terms;
    if IS_TURNED {
        step = rows;
        left$ = row$;
    }
    left$ += local.y * step;
    step *= SLICES;
    var right# = local.y * N + column#;
    var sum$_# = 0.0;
    for (var k = local.y; k < terms; k += SLICES) {
        let b# = right[right#];
        let a$ = left[left$];
        sum$_# += a$ * b#;
        left$ += step;
        right# += SLICES * N;
    }

    if SLICES > 1u {
        if local.y > 0u {
            let at = (local.y - 1u) * SUMS + local.x;
            parts[at + ($u * COLUMNS + #u) * LANES] = sum$_#;
        }
        workgroupBarrier();
        if local.y > 0u {
            return;
        }
        for (var at = local.x; at < SUMS * (SLICES - 1u); at += SUMS) {
            sum$_# += parts[at + ($u * COLUMNS + #u) * LANES];
        }
    }
    sum$_# += bias[column#];
    if IS_RELU {
        // What is no number stays.
        sum$_# = select(sum$_#, 0.0, sum$_# <= 0.0);
    }
    if first + $u < rows && begin + #u * LANES < N { out[row$ * N + column#] = sum$_#; }
}
