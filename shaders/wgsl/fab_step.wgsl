// One step of FAB: to the plane where the linearised difference of two logits is zero, from the
// current point and from the clean image, and what lies between the two.
//
//   next = C((1 - alpha) (x + 1.05 d(x)) + alpha (clean + 1.05 d(clean)))
//
// See shaders/src/fab_step.rs for d, and for why Newton's method finds it.
//
// Shapes: x, clean, g and next [batch, length], contiguous; states [batch, 8], of which the first
// number is the difference at x; params = [batch, length, norm].
// Bindings are all read_write, see attack_step.wgsl.
// Dispatch: one workgroup an image, spread over x and y.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> clean: array<f32>;
@group(0) @binding(2) var<storage, read_write> g: array<f32>;
@group(0) @binding(3) var<storage, read_write> states: array<f32>;
@group(0) @binding(4) var<storage, read_write> params: array<u32>;
@group(0) @binding(5) var<storage, read_write> next: array<f32>;

const WORKGROUP: u32 = 256u;
const STATE: u32 = 8u;
const L2: u32 = 1u;
const ETA: f32 = 1.05;
const MOST_ALPHA: f32 = 0.1;
const LEAST: f32 = 1e-8;
const LEAST_GRADIENT: f32 = 1e-37;
const ROUNDS: u32 = 40u;
const CLOSE: f32 = 1e-6;

var<workgroup> shared_numbers: array<vec2<f32>, WORKGROUP>;
var<workgroup> shared_difference: f32;
var<workgroup> shared_params: array<u32, 3>;

// The sums of everybody's two numbers, in the same order each time.
fn sum_up(numbers: vec2<f32>, local: u32) -> vec2<f32> {
    shared_numbers[local] = numbers;
    for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            shared_numbers[local] += shared_numbers[local + half];
        }
    }
    return workgroupUniformLoad(&shared_numbers[0]);
}

fn find_largest(numbers: vec2<f32>, local: u32) -> vec2<f32> {
    shared_numbers[local] = numbers;
    for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            shared_numbers[local] = max(shared_numbers[local], shared_numbers[local + half]);
        }
    }
    return workgroupUniformLoad(&shared_numbers[0]);
}

// How fast a pixel moves.
fn speed(w: f32, norm: u32) -> f32 {
    if norm == L2 {
        return abs(w);
    }
    return select(1.0, 0.0, w == 0.0);
}

// How far a pixel can move the way that `way` wants.
fn room(t: f32, w: f32, way: f32) -> f32 {
    return select(t, 1.0 - t, (w > 0.0) == (way > 0.0));
}

// A pixel's part of the step.
fn part(t: f32, w: f32, way: f32, far: f32, norm: u32) -> f32 {
    let moved = min(far * speed(w, norm), room(t, w, way));
    return select(-moved, moved, (w > 0.0) == (way > 0.0));
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    // Barriers stand where all invocations surely come by alike.
    if local < 3u {
        shared_params[local] = params[local];
    }
    let settings = workgroupUniformLoad(&shared_params);
    let image = workgroup.y * workgroups.x + workgroup.x;
    if image >= settings[0] {
        return;
    }
    let length = settings[1];
    let norm = settings[2];
    let begin = image * length;
    let end = begin + length;
    if local == 0u {
        shared_difference = states[image * STATE];
    }
    let difference = workgroupUniformLoad(&shared_difference);

    var mine = vec2<f32>();
    for (var i = begin + local; i < end; i += WORKGROUP) {
        mine.x = max(mine.x, abs(g[i]));
    }
    let largest = find_largest(mine, local).x;
    let scale = select(0.0, 1.0 / largest, largest > LEAST_GRADIENT);
    mine = vec2<f32>();
    for (var i = begin + local; i < end; i += WORKGROUP) {
        mine.x += g[i] * scale * (x[i] - clean[i]);
    }
    let offset = sum_up(mine, local).x;
    let ways = vec2<f32>(-difference * scale, -difference * scale + offset);

    // From x first, then from the clean image.
    var fars = vec2<f32>();
    for (var start = 0u; start < 2u; start++) {
        let way = ways[start];
        var far = 0.0;
        for (var round = 0u; round < ROUNDS; round++) {
            // What is gone, and how much more of it another unit of `far` brings.
            mine = vec2<f32>();
            for (var i = begin + local; i < end; i += WORKGROUP) {
                let t = select(x[i], clean[i], start == 1u);
                let w = g[i] * scale;
                let moved = far * speed(w, norm);
                let most = room(t, w, way);
                if moved < most {
                    mine += vec2<f32>(abs(w) * moved, abs(w) * speed(w, norm));
                } else {
                    mine.x += abs(w) * most;
                }
            }
            let found = sum_up(mine, local);
            let rest = abs(way) - found.x;
            if rest <= CLOSE * abs(way) || found.y == 0.0 {
                break;
            }
            far += rest / found.y;
        }
        fars[start] = far;
    }

    var sizes = vec2<f32>();
    for (var i = begin + local; i < end; i += WORKGROUP) {
        let w = g[i] * scale;
        let steps = vec2<f32>(
            part(x[i], w, ways.x, fars.x, norm),
            part(clean[i], w, ways.y, fars.y, norm),
        );
        if norm == L2 {
            sizes += steps * steps;
        } else {
            sizes = max(sizes, abs(steps));
        }
    }
    if norm == L2 {
        sizes = sqrt(sum_up(sizes, local));
    } else {
        sizes = find_largest(sizes, local);
    }
    sizes = max(sizes, vec2<f32>(LEAST));
    let alpha = min(sizes.x / (sizes.x + sizes.y), MOST_ALPHA);
    for (var i = begin + local; i < end; i += WORKGROUP) {
        let w = g[i] * scale;
        let near = x[i] + ETA * part(x[i], w, ways.x, fars.x, norm);
        let away = clean[i] + ETA * part(clean[i], w, ways.y, fars.y, norm);
        next[i] = clamp((1.0 - alpha) * near + alpha * away, 0.0, 1.0);
    }
}
