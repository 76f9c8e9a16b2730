// A matrix product, with a bias and ReLU where a layer has them.
//
//   out[m, n] = f(sum_k left[m, k] right[k, n] + bias[n])
//
// Each invocation makes TILE rows of COLUMNS columns. Its neighbours have the columns beside each of
// these: what it loads of the left side is the same for them, what it loads of the right side lies
// beside theirs. SLICES of the workgroup share a sum, where sums are shared.
//
// Shapes: left [rows, k], or [k, rows] if it IS_TURNED; right [k, N]; bias [N]; out [rows, N].
// The floats Left, Right and Out, and N, COLUMNS, SLICES, IS_TURNED and IS_RELU come before this text,
// and loops are written out (linear.rs, unrolled.rs): m counts rows, n columns. A product without bias does without the
// bias's lines.
// Bindings are all read_write, see attack_step.wgsl. Rows and k are what the bound tensors hold.
// Dispatch: 64 invocations, those of the TILE first rows first, a workgroup; workgroups spread over x
// and y.

@group(0) @binding(0) var<storage, read_write> left: array<Left>;
@group(0) @binding(1) var<storage, read_write> right: array<Right>;
@group(0) @binding(2) var<storage, read_write> out: array<Out>;
@group(0) @binding(3) var<storage, read_write> bias: array<f32>;

const LANES: u32 = 64u;
const TILE: u32 = 8u;
const ACROSS: u32 = (N + COLUMNS - 1u) / COLUMNS;
// each shared {
const SUMS: u32 = LANES * TILE * COLUMNS;

var<workgroup> parts: array<f32, SUMS * (SLICES - 1u)>;
// }

@compute @workgroup_size(64, SLICES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let rows = arrayLength(&out) / N;
    let terms = arrayLength(&right) / N;
    let lane = (workgroup.y * workgroups.x + workgroup.x) * LANES + local.x;
    let first = lane / ACROSS * TILE;
    let begin = lane % ACROSS;
    // Those beyond the end do the last one's work, and do not store it.
    let row{m} = min(first + {m}u, rows - 1u); // each m
    let column{n} = min(begin + {n}u * ACROSS, N - 1u); // each n
    var step = 1u;
    var left{m} = row{m} * terms; // each m
    if IS_TURNED {
        step = rows;
        left{m} = row{m}; // each m
    }
    left{m} += local.y * step; // each m
    step *= SLICES;
    var right{n} = local.y * N + column{n}; // each n
    var sum{m}_{n} = 0.0; // each m n
    for (var k = local.y; k < terms; k += SLICES) {
        let b{n} = f32(right[right{n}]); // each n
        let a{m} = f32(left[left{m}]); // each m
        sum{m}_{n} += a{m} * b{n}; // each m n
        left{m} += step; // each m
        right{n} += SLICES * N; // each n
    }

    // each shared {
    if local.y > 0u {
        let at = (local.y - 1u) * SUMS + local.x;
        parts[at + {m * COLUMNS + n}u * LANES] = sum{m}_{n}; // each m n
    }
    workgroupBarrier();
    if local.y > 0u {
        return;
    }
    for (var at = local.x; at < SUMS * (SLICES - 1u); at += SUMS) {
        sum{m}_{n} += parts[at + {m * COLUMNS + n}u * LANES]; // each m n
    }
    // }
    sum{m}_{n} += bias[column{n}]; // each m n
    if IS_RELU {
        // What is no number stays.
        sum{m}_{n} = select(sum{m}_{n}, 0.0, sum{m}_{n} <= 0.0); // each m n
    }
    // each m n {
    if first + {m}u < rows && begin + {n}u * ACROSS < N {
        out[row{m} * N + column{n}] = Out(sum{m}_{n});
    }
    // }
}
