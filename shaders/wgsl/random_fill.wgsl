// Numbers of a stream: out[i] = offset + scale * n_i, where n_i is uniform in (0, 1) or standard
// normal.
//
// Shapes: params = [uniform 0 or normal 1, scale as bits, offset as bits, key low, key high, purpose,
// index]; out is any array. Bindings are all read_write, see attack_step.wgsl.
// Dispatch: one invocation for four numbers, ceil(n / 4 / 256) workgroups, spread over x and y.

@group(0) @binding(0) var<storage, read_write> params: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

const WORKGROUP: u32 = 256u;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let four = (workgroup.y * workgroups.x + workgroup.x) * WORKGROUP + local;
    let stream = Stream(vec2<u32>(params[3], params[4]), params[5], params[6]);
    var numbers: vec4<f32>;
    if params[0] == 0u {
        numbers = uniform_block(stream, four);
    } else {
        numbers = normal_block(stream, four);
    }
    numbers = bitcast<f32>(params[2]) + bitcast<f32>(params[1]) * numbers;
    for (var part = 0u; part < 4u; part++) {
        let i = 4u * four + part;
        if i < arrayLength(&out) {
            out[i] = numbers[part];
        }
    }
}
