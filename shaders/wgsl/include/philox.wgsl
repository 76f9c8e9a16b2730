// Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), and the
// numbers that a stream draws from it. Put before the text of a kernel.

struct Stream {
    key: vec2<u32>,
    purpose: u32,
    index: u32,
}

// Low and high half of a product of 32-bit numbers.
fn wide_product(a: u32, b: u32) -> vec2<u32> {
    let a0 = a & 0xffffu;
    let a1 = a >> 16u;
    let b0 = b & 0xffffu;
    let b1 = b >> 16u;
    let low = a0 * b0;
    let mid0 = a0 * b1;
    let mid1 = a1 * b0;
    let carry = (low >> 16u) + (mid0 & 0xffffu) + (mid1 & 0xffffu);
    return vec2<u32>(a * b, a1 * b1 + (mid0 >> 16u) + (mid1 >> 16u) + (carry >> 16u));
}

// The numbers 4 * block to 4 * block + 3 of a stream.
fn random_block(stream: Stream, block: u32) -> vec4<u32> {
    var counter = vec4<u32>(block, 0u, stream.index, stream.purpose);
    var key = stream.key;
    for (var round = 0u; round < 10u; round++) {
        let first = wide_product(0xD2511F53u, counter.x);
        let second = wide_product(0xCD9E8D57u, counter.z);
        counter = vec4<u32>(
            second.y ^ counter.y ^ key.x,
            second.x,
            first.y ^ counter.w ^ key.y,
            first.x,
        );
        key += vec2<u32>(0x9E3779B9u, 0xBB67AE85u);
    }
    return counter;
}

// Uniform in (0, 1): the middle of one of 2^23 equal parts.
fn uniform_block(stream: Stream, block: u32) -> vec4<f32> {
    let bits = random_block(stream, block) >> vec4<u32>(9u);
    return (vec4<f32>(bits) + 0.5) * exp2(-23.0);
}

// Standard normal (Box and Muller, 1958). Sine and cosine are only promised to be exact between -pi
// and pi, so half a turn is taken off the angle and its sign put back.
fn normal_block(stream: Stream, block: u32) -> vec4<f32> {
    let u = uniform_block(stream, block);
    let radius = sqrt(-2.0 * log(u.xz));
    let angle = 6.2831855 * (u.yw - 0.5);
    let x = -radius * cos(angle);
    let y = -radius * sin(angle);
    return vec4<f32>(x.x, y.x, x.y, y.y);
}
