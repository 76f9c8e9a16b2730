// Gradient of the objective with respect to the logits, from what objective_forward.wgsl found.
//
//   g_ij = (exp(z_ij - m_i) / s_i - y_ij) / B + beta / B * (z_ij - gamma) / ||.||
//
// with smoothed labels y_ij = (1 - lambda) [j = y_i] + lambda / C and the norm that the penalty's form
// takes; 0 / 0 counts as 0.
//
// Shapes: logits and gradient [batch, classes]; labels, params and stats as in objective_forward.wgsl.
// Bindings are all read_write, see attack_step.wgsl.
// Dispatch: one invocation a logit, ceil(n / 256) workgroups, spread over x and y.

@group(0) @binding(0) var<storage, read_write> logits: array<f32>;
@group(0) @binding(1) var<storage, read_write> labels: array<u32>;
@group(0) @binding(2) var<storage, read_write> params: array<u32>;
@group(0) @binding(3) var<storage, read_write> stats: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> gradient: array<f32>;

const WORKGROUP: u32 = 256u;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = (workgroup.y * workgroups.x + workgroup.x) * WORKGROUP + local;
    let batch = params[0];
    let classes = params[1];
    if i >= batch * classes {
        return;
    }
    let row = i / classes;
    let lambda = bitcast<f32>(params[3]);
    let beta = bitcast<f32>(params[4]);
    let gamma = bitcast<f32>(params[5]);
    let z = logits[i];
    let of_row = stats[row];
    var label = lambda / f32(classes);
    if i % classes == labels[row] {
        label += 1.0 - lambda;
    }
    var g = exp(z - of_row.x) / of_row.y - label;
    var norm = of_row.zw;
    if params[2] == 2u {
        norm = stats[batch].zw;
    }
    if params[2] != 0u && norm.x > 0.0 {
        g += beta * ((z - gamma) / norm.x) / sqrt(norm.y);
    }
    gradient[i] = g / f32(batch);
}
