// What an attack climbs, for each image, and its gradient with respect to the logits.
//
// See shaders/src/attack_loss.rs for the losses and why they are computed like this: logits that a
// defence has made tiny or huge must keep the digits that float32 has for them.
//
// Shapes: logits and gradient [batch, classes]; labels and targets [batch] (0xffffffff: no target, else
// a class, plus 0x80000000 if no other class counts);
// params = [batch, classes, loss]; scores [batch, 3]: loss, 1 if right or else 0, margin.
// Bindings are all read_write, see attack_step.wgsl. scores is written through a buffer of rows of
// `stride` numbers, params[3], of which the first three are set: it belongs to attack_step.wgsl.
// Dispatch: one invocation an image, ceil(batch / 64) workgroups, spread over x and y.

@group(0) @binding(0) var<storage, read_write> logits: array<f32>;
@group(0) @binding(1) var<storage, read_write> labels: array<u32>;
@group(0) @binding(2) var<storage, read_write> targets: array<u32>;
@group(0) @binding(3) var<storage, read_write> params: array<u32>;
@group(0) @binding(4) var<storage, read_write> scores: array<f32>;
@group(0) @binding(5) var<storage, read_write> gradient: array<f32>;

const WORKGROUP: u32 = 64u;
const NO_TARGET: u32 = 0xffffffffu;
const ONLY: u32 = 0x80000000u;
const SPREAD: f32 = 10.0;
const FAR: f32 = 20.0;
const LEAST: f32 = 1e-37;

const CROSS_ENTROPY: u32 = 0u;
const RESCALED: u32 = 1u;
const MARGIN: u32 = 2u;
const DIFFERENCE: u32 = 4u;

// Of the image at hand.
var<private> first: u32;
var<private> classes: u32;

fn z(j: u32) -> f32 {
    return logits[first + j];
}

fn expm1(x: f32) -> f32 {
    if abs(x) < 0.35 {
        var inner = 1.0 + x / 6.0 * (1.0 + x / 7.0);
        inner = 1.0 + x / 4.0 * (1.0 + x / 5.0 * inner);
        return x * (1.0 + x / 2.0 * (1.0 + x / 3.0 * inner));
    }
    return exp(x) - 1.0;
}

fn ln1p(x: f32) -> f32 {
    if abs(x) < 0.35 {
        let s = x / (2.0 + x);
        let q = s * s;
        let series = 1.0 / 3.0 + q * (1.0 / 5.0 + q * (1.0 / 7.0 + q * (1.0 / 9.0 + q / 11.0)));
        return 2.0 * s * (1.0 + q * series);
    }
    return log(1.0 + x);
}

// The class with the largest logit other than `but`; the first of equal ones.
fn largest_but(but: u32) -> u32 {
    var best = select(0u, 1u, but == 0u);
    for (var j = 0u; j < classes; j++) {
        if j != but && z(j) > z(best) {
            best = j;
        }
    }
    return best;
}

// The classes of the four largest logits; the third again where there is no fourth.
fn largest() -> vec4<u32> {
    var rank = vec4<u32>();
    for (var place = 0u; place < 4u; place++) {
        var best = NO_TARGET;
        for (var j = 0u; j < classes; j++) {
            var is_taken = false;
            for (var k = 0u; k < place; k++) {
                is_taken = is_taken || rank[k] == j;
            }
            if !is_taken && (best == NO_TARGET || z(j) > z(best)) {
                best = j;
            }
        }
        rank[place] = select(best, rank.z, best == NO_TARGET);
    }
    return rank;
}

fn rescaling() -> f32 {
    var high = z(0u);
    var low = high;
    for (var j = 1u; j < classes; j++) {
        high = max(high, z(j));
        low = min(low, z(j));
    }
    let spread = high - low;
    if spread > LEAST {
        return SPREAD / spread;
    }
    return 1.0;
}

fn cross_entropy(scale: f32, y: u32, t: u32) -> f32 {
    let is_targeted = t != NO_TARGET;
    let c = select(y, t, is_targeted);
    let direction = select(1.0, -1.0, is_targeted);
    let own = z(c);
    let count = f32(classes);
    var most = 0.0;
    for (var j = 0u; j < classes; j++) {
        most = max(most, scale * (z(j) - own));
    }
    var sum = 0.0;
    var sum_less_one = 0.0;
    for (var j = 0u; j < classes; j++) {
        let d = scale * (z(j) - own);
        sum += exp(d - most);
        if most <= FAR {
            sum_less_one += expm1(d);
        }
    }
    var others = 0.0;
    for (var j = 0u; j < classes; j++) {
        if j != c {
            let weight = exp(scale * (z(j) - own) - most) / sum;
            others += weight;
            gradient[first + j] = direction * weight;
        }
    }
    gradient[first + c] = -direction * others;
    if most > FAR {
        return direction * (most + log(sum / count));
    }
    return direction * ln1p(sum_less_one / count);
}

// `up - down`, of the gradient of a difference of two logits.
fn pull(up: u32, down: u32, by: f32) {
    gradient[first + up] += by;
    gradient[first + down] -= by;
}

fn clear() {
    for (var j = 0u; j < classes; j++) {
        gradient[first + j] = 0.0;
    }
}

fn margin(y: u32, t: u32) -> f32 {
    clear();
    var up = t;
    var down = y;
    if t == NO_TARGET {
        up = largest_but(y);
    } else {
        down = largest_but(t);
    }
    pull(up, down, 1.0);
    return z(up) - z(down);
}

fn difference(y: u32, t: u32) -> f32 {
    clear();
    let up = select(t, largest_but(y), t == NO_TARGET);
    pull(up, y, 1.0);
    return z(up) - z(y);
}

fn dlr(y: u32, t: u32) -> f32 {
    if classes == 2u {
        return margin(y, t);
    }
    clear();
    let is_targeted = t != NO_TARGET;
    let up = select(largest_but(y), t, is_targeted);
    let rank = largest();
    var third = 1.0;
    var fourth = 0.0;
    if is_targeted && classes > 3u {
        third = 0.5;
        fourth = 0.5;
    }
    let divisor = third * (z(rank.x) - z(rank.z)) + fourth * (z(rank.x) - z(rank.w));
    let difference = z(up) - z(y);
    if divisor < LEAST {
        pull(up, y, 1.0);
        return 0.0;
    }
    let value = difference / divisor;
    pull(up, y, 1.0 / divisor);
    gradient[first + rank.x] -= value / divisor;
    gradient[first + rank.z] += third * value / divisor;
    gradient[first + rank.w] += fourth * value / divisor;
    return value;
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = (workgroup.y * workgroups.x + workgroup.x) * WORKGROUP + local;
    if row >= params[0] {
        return;
    }
    classes = params[1];
    first = row * classes;
    let y = labels[row];
    let goal = targets[row];
    let is_only = goal != NO_TARGET && (goal & ONLY) != 0u;
    let t = select(goal, goal & ~ONLY, is_only);
    var value = 0.0;
    switch params[2] {
        case CROSS_ENTROPY: {
            value = cross_entropy(1.0, y, t);
        }
        case RESCALED: {
            value = cross_entropy(rescaling(), y, t);
        }
        case MARGIN: {
            value = margin(y, t);
        }
        case DIFFERENCE: {
            value = difference(y, t);
        }
        default: {
            value = dlr(y, t);
        }
    }
    // The class whose being the largest decides.
    let c = select(y, t, is_only);
    var is_largest = true;
    for (var j = 0u; j < classes; j++) {
        if !(j == c || z(j) < z(c) || (z(j) == z(c) && j > c)) {
            is_largest = false;
        }
    }
    let ahead = z(c) - z(largest_but(c));
    let place = row * params[3];
    scores[place] = value;
    scores[place + 1u] = select(0.0, 1.0, is_largest != is_only);
    scores[place + 2u] = select(ahead, -ahead, is_only);
}
