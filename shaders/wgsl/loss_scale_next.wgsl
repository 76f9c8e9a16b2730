// The loss scale for the next step: half as large after a step that was left out, twice as large after
// GROWTH_INTERVAL steps in a row that were not.
//
// LARGEST and GROWTH_INTERVAL come as constants before this text (loss_scale.rs).
// Shapes: state as in loss_scale.rs, changed in place; out [2], the next scale, and 1 if this step counts or 0.
// Bindings are all read_write, see attack_step.wgsl.
// Dispatch: one invocation.

@group(0) @binding(0) var<storage, read_write> state: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(1)
fn main() {
    var next = bitcast<f32>(state[0]);
    let is_left_out = state[3] != 0u;
    if is_left_out {
        next = max(next / 2.0, 1.0);
        state[1] = 0u;
        state[2] += 1u;
    } else {
        state[1] += 1u;
        if state[1] == GROWTH_INTERVAL {
            next = min(next * 2.0, LARGEST);
            state[1] = 0u;
        }
    }
    state[0] = bitcast<u32>(next);
    state[3] = 0u;
    out[0] = next;
    out[1] = select(1.0, 0.0, is_left_out);
}
