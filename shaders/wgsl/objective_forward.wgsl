// What the objective's value and gradient need of a batch of logits Z, in one pass over them:
// softmax's maximum and sum of each row, and the norms of Z - gamma by row and as a whole.
//
//   row:   [m = max_j z_j, s = sum_j exp(z_j - m), a = max_j |z_j - gamma|, q = sum_j ((z_j - gamma) / a)^2]
//   batch: [cross-entropy, penalty, A = max_i a_i, Q = sum_i q_i (a_i / A)^2]
//
// so that ||z_i - gamma|| = a sqrt(q) and ||Z - gamma||_F = A sqrt(Q), with squares that neither
// overflow nor vanish: squeezed logits become tiny, and their norm must not become 0 before they do.
// Where a (or A) is 0, q (or Q) is 0 too.
//
//   cross-entropy = 1/B sum_i (m_i + log s_i - (1 - lambda) z_iy - lambda mean_j z_ij)
//   penalty       = beta/B sum_i ||z_i - gamma||  (form 1),  beta/B ||Z - gamma||_F  (form 2)
//
// Shapes: logits [batch, classes]; labels [batch]; params = [batch, classes, form, lambda, beta,
// gamma], the last three as the bits of floats; stats [batch + 1, 4], the last row that of the batch.
// Bindings are all read_write, see attack_step.wgsl.
// Dispatch: one workgroup.

@group(0) @binding(0) var<storage, read_write> logits: array<f32>;
@group(0) @binding(1) var<storage, read_write> labels: array<u32>;
@group(0) @binding(2) var<storage, read_write> params: array<u32>;
@group(0) @binding(3) var<storage, read_write> stats: array<vec4<f32>>;

const WORKGROUP: u32 = 256u;

var<workgroup> largest: array<f32, 256>;
// Sums of cross-entropy, of row norms, and of q scaled by the largest magnitude of all.
var<workgroup> sums: array<vec3<f32>, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) local: u32) {
    let batch = params[0];
    let classes = params[1];
    let lambda = bitcast<f32>(params[3]);
    let beta = bitcast<f32>(params[4]);
    let gamma = bitcast<f32>(params[5]);
    var cross_entropy = 0.0;
    var norms = 0.0;
    var top = 0.0;
    for (var row = local; row < batch; row += WORKGROUP) {
        let begin = row * classes;
        var m = logits[begin];
        var a = 0.0;
        var total = 0.0;
        for (var j = 0u; j < classes; j++) {
            let z = logits[begin + j];
            m = max(m, z);
            a = max(a, abs(z - gamma));
            total += z;
        }
        var s = 0.0;
        var q = 0.0;
        for (var j = 0u; j < classes; j++) {
            let z = logits[begin + j];
            s += exp(z - m);
            if a > 0.0 {
                let scaled = (z - gamma) / a;
                q += scaled * scaled;
            }
        }
        stats[row] = vec4<f32>(m, s, a, q);
        let right = logits[begin + labels[row]];
        cross_entropy += m + log(s) - (1.0 - lambda) * right - lambda * total / f32(classes);
        norms += a * sqrt(q);
        top = max(top, a);
    }
    largest[local] = top;
    workgroupBarrier();
    for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
        if local < half {
            largest[local] = max(largest[local], largest[local + half]);
        }
        workgroupBarrier();
    }
    let all = largest[0];
    var squares = 0.0;
    if all > 0.0 {
        for (var row = local; row < batch; row += WORKGROUP) {
            let ratio = stats[row].z / all;
            squares += stats[row].w * ratio * ratio;
        }
    }
    sums[local] = vec3<f32>(cross_entropy, norms, squares);
    workgroupBarrier();
    for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
        if local < half {
            sums[local] += sums[local + half];
        }
        workgroupBarrier();
    }
    if local == 0u {
        let sum = sums[0] / f32(batch);
        var penalty = 0.0;
        if params[2] == 1u {
            penalty = beta * sum.y;
        } else if params[2] == 2u {
            penalty = beta / f32(batch) * all * sqrt(sums[0].z);
        }
        stats[batch] = vec4<f32>(sum.x, penalty, all, sums[0].z);
    }
}
