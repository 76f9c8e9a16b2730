// A convolution (cross-correlation) with bias, or its gradient by the image, which is one too: of the
// outputs' gradient with the kernel turned round, its zeros between pixels being the stride.
//
//   out[b, o, i, j] = bias[o] + sum_{c, u, v} weight[o, c, u, v] X[b, c, S i + u - P, S j + v - P]
//
// where X is x with D - 1 zeros between its pixels, and zeros around it. Axes have their own S, P, D.
//
// Each invocation makes 4 pixels of TILE channels: a weight serves all pixels, a pixel all channels.
// Neighbouring invocations have neighbouring pixels, so that their loads lie side by side.
//
// The shape comes as constants before this text (convolution.rs). A line with a dollar sign stands for
// TILE lines, with 0, 1, ... in its place; the gradient does without the lines of the bias.
// Bindings are all read_write, see attack_step.wgsl. The batch is what the bound output holds.
// Dispatch: x and z count 256 pixels of the batch, y counts TILE channels.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<storage, read_write> bias: array<f32>;

const WORKGROUP: u32 = 64u;
const PLANE: u32 = HEIGHT * WIDTH;
const OUT_PLANE: u32 = OUT_HEIGHT * OUT_WIDTH;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let pixels = arrayLength(&out) / OUTPUTS;
    let begin = (workgroup.z * workgroups.x + workgroup.x) * 4u * WORKGROUP;
    if begin >= pixels {
        return;
    }
    let first = workgroup.y * TILE;
    let pixel = begin + local + WORKGROUP * vec4<u32>(0u, 1u, 2u, 3u);
    // Those beyond the end do the last one's work, and do not store it. Places are counted from the
    // image that the workgroup begins in: they are small, so that floats divide them.
    let begin_image = begin / OUT_PLANE;
    let near_place = min(pixel, vec4<u32>(pixels - 1u)) - begin_image * OUT_PLANE;
    let next_image = quotient(near_place, f32(OUT_PLANE));
    let image = begin_image + next_image;
    let place = near_place - next_image * OUT_PLANE;
    let out_row = quotient(place, f32(OUT_WIDTH));
    let top = vec4<i32>(out_row) * STRIDE_Y - PADDING_Y;
    let left = vec4<i32>(place - out_row * OUT_WIDTH) * STRIDE_X - PADDING_X;
    let image_at = image * (INPUTS * PLANE);

    var sum$ = vec4<f32>(0.0);
    sum$ += bias[first + $u];
    for (var u = 0i; u < KERNEL_Y; u++) {
        let y = vec4<u32>(top + u);
        let row = y / DILATION_Y;
        let is_row = (row < vec4<u32>(HEIGHT)) & (row * DILATION_Y == y);
        let row_at = vec4<i32>(row * WIDTH);
        for (var v = 0i; v < KERNEL_X; v++) {
            let across = vec4<u32>(left + v);
            let column = across / DILATION_X;
            let is_inside = is_row & (column < vec4<u32>(WIDTH)) & (column * DILATION_X == across);
            // Somewhere in the plane where it is not inside, and beside its neighbours if it can be.
            let at_most = vec4<i32>(i32(PLANE) - 1);
            let near = clamp(row_at + vec4<i32>(column), vec4<i32>(0), at_most);
            var at = image_at + vec4<u32>(near);
            var tap = u * KERNEL_X + v;
            if IS_TURNED {
                tap = KERNEL_Y * KERNEL_X - 1i - tap;
            }
            var w = first * WEIGHT_OUTPUT + u32(tap);
            for (var input = 0u; input < INPUTS; input++) {
                let loaded = vec4<f32>(x[at.x], x[at.y], x[at.z], x[at.w]);
                let value = select(vec4<f32>(0.0), loaded, is_inside);
                sum$ += weight[w + $u * WEIGHT_OUTPUT] * value;
                at += PLANE;
                w += WEIGHT_INPUT;
            }
        }
    }

    let out_at = (image * OUTPUTS + first) * OUT_PLANE + place;
    if pixel.x < pixels { out[out_at.x + $u * OUT_PLANE] = sum$.x; }
    if pixel.y < pixels { out[out_at.y + $u * OUT_PLANE] = sum$.y; }
    if pixel.z < pixels { out[out_at.z + $u * OUT_PLANE] = sum$.z; }
    if pixel.w < pixels { out[out_at.w + $u * OUT_PLANE] = sum$.w; }
}

// numbers / by, for numbers below a million: half a number keeps the quotient off the next one.
fn quotient(numbers: vec4<u32>, by: f32) -> vec4<u32> {
    return vec4<u32>((vec4<f32>(numbers) + 0.5) / by);
}
