// One step of an attack: keeps the current point if it is better, ascends, projects.
//
//   z    = P(x + step * s(g))
//   next = P(x + alpha (z - x) + (1 - alpha) (x - previous))
//
// with s the steepest ascent of length 1 in the norm and P the projection into the ball around the
// clean image and then into [0, 1]; see shaders/src/attack_step.rs. With alpha = 1 `previous` is not
// read and may have one number only.
//
// Shapes: x, previous, g, clean, best and next [batch, length], contiguous; states [batch, 8]: loss,
// right and margin of x, the same of best, step, taken; params = [batch, length, norm, epsilon,
// alpha, keep], epsilon and alpha as bits. `best` and `states` are changed in place.
// Bindings are all read_write because a buffer may hold several of these tensors at different
// offsets, and one buffer must not be bound for reading and for writing in the same dispatch.
// Dispatch: one workgroup an image, spread over x and y.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> previous: array<f32>;
@group(0) @binding(2) var<storage, read_write> g: array<f32>;
@group(0) @binding(3) var<storage, read_write> clean: array<f32>;
@group(0) @binding(4) var<storage, read_write> best: array<f32>;
@group(0) @binding(5) var<storage, read_write> states: array<f32>;
@group(0) @binding(6) var<storage, read_write> params: array<u32>;
@group(0) @binding(7) var<storage, read_write> next: array<f32>;

const WORKGROUP: u32 = 64u;
const STATE: u32 = 8u;
const L2: u32 = 1u;
const KEEP_LOSS: u32 = 1u;

var<workgroup> shared_numbers: array<f32, WORKGROUP>;
var<workgroup> shared_state: array<f32, STATE>;
var<workgroup> shared_params: array<u32, 6>;

// The sum of everybody's number, in the same order each time.
fn sum_up(number: f32, local: u32) -> f32 {
    shared_numbers[local] = number;
    for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            shared_numbers[local] += shared_numbers[local + half];
        }
    }
    return workgroupUniformLoad(&shared_numbers[0]);
}

fn find_largest(number: f32, local: u32) -> f32 {
    shared_numbers[local] = number;
    for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            shared_numbers[local] = max(shared_numbers[local], shared_numbers[local + half]);
        }
    }
    return workgroupUniformLoad(&shared_numbers[0]);
}

// What a step along `up` comes to, projected by `factor` in l_2.
fn inside(moved: f32, center: f32, norm: u32, epsilon: f32, factor: f32) -> f32 {
    if norm == L2 {
        return clamp(center + (moved - center) * factor, 0.0, 1.0);
    }
    return min(max(moved, max(center - epsilon, 0.0)), min(center + epsilon, 1.0));
}

fn shrink(length: f32, epsilon: f32) -> f32 {
    if length > epsilon {
        return epsilon / length;
    }
    return 1.0;
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    // Barriers stand where all invocations surely come by alike.
    if local < 6u {
        shared_params[local] = params[local];
    }
    let settings = workgroupUniformLoad(&shared_params);
    let image = workgroup.y * workgroups.x + workgroup.x;
    if image >= settings[0] {
        return;
    }
    let length = settings[1];
    let norm = settings[2];
    let epsilon = bitcast<f32>(settings[3]);
    let alpha = bitcast<f32>(settings[4]);
    let begin = image * length;
    let end = begin + length;
    if local < STATE {
        shared_state[local] = states[image * STATE + local];
    }
    let state = workgroupUniformLoad(&shared_state);

    let is_higher = state[0] > state[3];
    let is_worse = state[1] < state[4] || (state[1] == state[4] && is_higher);
    let is_better = state[4] > 1.5 || select(is_worse, is_higher, settings[5] == KEEP_LOSS);
    let step = state[6];
    if local == 0u {
        states[image * STATE + 7u] = select(0.0, 1.0, is_better);
    }
    if local < 3u && is_better {
        states[image * STATE + 3u + local] = shared_state[local];
    }

    // In l_2 numbers are divided by the largest first, so that the squares of tiny ones do not vanish.
    var largest = 0.0;
    var unit = 0.0;
    var factor = 1.0;
    if norm == L2 {
        var mine = 0.0;
        for (var i = begin + local; i < end; i += WORKGROUP) {
            mine = max(mine, abs(g[i]));
        }
        largest = find_largest(mine, local);
        if largest > 0.0 {
            var squares = 0.0;
            for (var i = begin + local; i < end; i += WORKGROUP) {
                let scaled = g[i] / largest;
                squares += scaled * scaled;
            }
            unit = 1.0 / sqrt(sum_up(squares, local));
        }
        var moved_squares = 0.0;
        for (var i = begin + local; i < end; i += WORKGROUP) {
            let offset = x[i] + step * ascent(i, norm, largest, unit) - clean[i];
            moved_squares += offset * offset;
        }
        factor = shrink(sqrt(sum_up(moved_squares, local)), epsilon);
    }
    for (var i = begin + local; i < end; i += WORKGROUP) {
        if is_better {
            best[i] = x[i];
        }
        let moved = x[i] + step * ascent(i, norm, largest, unit);
        next[i] = inside(moved, clean[i], norm, epsilon, factor);
    }
    if alpha == 1.0 {
        return;
    }
    // Each invocation goes on with the pixels that it wrote itself.
    factor = 1.0;
    if norm == L2 {
        var squares = 0.0;
        for (var i = begin + local; i < end; i += WORKGROUP) {
            let offset = onward(i, alpha) - clean[i];
            squares += offset * offset;
        }
        factor = shrink(sqrt(sum_up(squares, local)), epsilon);
    }
    for (var i = begin + local; i < end; i += WORKGROUP) {
        next[i] = inside(onward(i, alpha), clean[i], norm, epsilon, factor);
    }
}

// A pixel of the steepest ascent of length 1.
fn ascent(i: u32, norm: u32, largest: f32, unit: f32) -> f32 {
    if norm != L2 {
        return sign(g[i]);
    }
    if largest == 0.0 {
        return 0.0;
    }
    return g[i] / largest * unit;
}

// A pixel of the point between the projected one, which is in `next`, and the way of the last step.
fn onward(i: u32, alpha: f32) -> f32 {
    return x[i] + alpha * (next[i] - x[i]) + (1.0 - alpha) * (x[i] - previous[i]);
}
