// The one workload that every library carries out: training steps of a small network on MNIST with Adam,
// then iterations of l_inf PGD on test images. Same weights, same batches, so that losses agree.
//
// The page's address says what is wanted:
//   backend     webgpu or wasm
//   network     small-cnn or mnist-cnn
//   steps       training steps that are timed; 0 for a library that cannot train
//   iterations  PGD iterations that are timed
//   seconds     about how long either of the two may take: slow libraries do fewer
//   flag        NAME, a flag of the library to set
// `globalThis.figures` holds the outcome when all is done, with `error` in it if something failed.

export const BATCH = 128;
export const CLASSES = 10;
export const LEARNING_RATE = 1e-3;
export const STEP_SIZE = 0.01;
export const EPSILON = 0.3;

const SIDE = 28;
const PIXELS = SIDE * SIDE;
/** Steps before the timed ones, unless one takes too long: the first compiles, the second fills pools of memory. */
const WARM_UP = 2;

const NETWORKS = {
  'small-cnn': { kernel: 3, channels: [16, 32], hidden: 128 },
  'mnist-cnn': { kernel: 5, channels: [32, 64], hidden: 1024 },
};

/** Shapes of the parameters in order: convolutions [out, in, height, width], linear layers [in, out]. */
function shapes({ kernel, channels: [first, second], hidden }) {
  const flat = second * (SIDE / 4) ** 2;
  return [
    [first, 1, kernel, kernel],
    [first],
    [second, first, kernel, kernel],
    [second],
    [flat, hidden],
    [hidden],
    [hidden, CLASSES],
    [CLASSES],
  ];
}

/** Numbers in [0, 1) from a seed: a linear congruential generator, of which the upper bits are taken. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
}

/** Parameters, uniform within one over the square root of what a unit sees. */
function parameters(network) {
  const random = generator(1);
  let seen = 1;
  return shapes(network).map((shape) => {
    const count = shape.reduce((product, size) => product * size, 1);
    // A bias has the bound of the weights before it.
    if (shape.length > 1) {
      seen = shape.length === 4 ? count / shape[0] : shape[0];
    }
    const bound = 1 / Math.sqrt(seen);
    return { shape, values: Float32Array.from({ length: count }, () => (2 * random() - 1) * bound) };
  });
}

/** The bytes behind the header of a gzipped IDX file. */
async function idx(name) {
  const answer = await fetch(`data/mnist/${name}.gz`);
  if (!answer.ok) {
    throw new Error(`${name}: ${answer.status}`);
  }
  const unpacked = answer.body.pipeThrough(new DecompressionStream('gzip'));
  const bytes = new Uint8Array(await new Response(unpacked).arrayBuffer());
  const dimensions = bytes[3];
  return bytes.subarray(4 + 4 * dimensions);
}

async function split(prefix) {
  const [images, labels] = await Promise.all([
    idx(`${prefix}-images-idx3-ubyte`),
    idx(`${prefix}-labels-idx1-ubyte`),
  ]);
  return { images, labels };
}

/** A batch, as a library takes it: pixels in [0, 1], labels one-hot. */
function batch({ images, labels }, number) {
  const start = number * BATCH;
  const pixels = new Float32Array(BATCH * PIXELS);
  // A plain loop: this is part of every step, and a function per pixel would take milliseconds.
  for (let place = 0; place < pixels.length; place += 1) {
    pixels[place] = images[start * PIXELS + place] / 255;
  }
  const hot = new Float32Array(BATCH * CLASSES);
  for (let place = 0; place < BATCH; place += 1) {
    hot[place * CLASSES + labels[start + place]] = 1;
  }
  return { images: pixels, labels: hot };
}

/**
 * Milliseconds of one `run` out of up to `most`, launched one after another and waited for together, as
 * training does that looks at its loss now and then; and what the first and the last one gave.
 */
async function time(run, finish, most, seconds, started = () => {}) {
  let first;
  let last;
  let single = 0;
  let number = 0;
  for (; number < WARM_UP && single < seconds * 1000; number += 1) {
    const begin = performance.now();
    last = await finish(run(number));
    single = performance.now() - begin;
    if (number === 0) {
      first = last;
      started();
    }
  }
  const count = Math.max(1, Math.min(most, Math.floor((seconds * 1000) / single)));
  const begin = performance.now();
  let pending;
  for (const end = number + count; number < end; number += 1) {
    pending = run(number);
  }
  last = await finish(pending);
  return { ms: (performance.now() - begin) / count, count, first, last };
}

async function measure(library, wanted, figures) {
  const number = (name) => Number(wanted.get(name));
  const network = NETWORKS[wanted.get('network')];
  const coming = [split('train'), library.open(wanted.get('backend'), wanted.get('flag'))];
  const [train, device] = await Promise.all(coming);
  figures.device = device;
  const model = library.build(network, parameters(network));
  if (number('steps') > 0) {
    const step = (place) => model.step(batch(train, place));
    const done = await time(step, model.loss, number('steps'), number('seconds'), () => {
      figures.ms_from_navigation_to_first_step = performance.now();
    });
    figures.ms_per_training_step = done.ms;
    figures.steps = done.count;
    figures.first_loss = done.first;
    figures.last_loss = done.last;
  }
  const attack = model.attack(batch(await split('t10k'), 0));
  const done = await time(attack.iterate, attack.finish, number('iterations'), number('seconds'));
  figures.ms_per_pgd_iteration = done.ms;
  figures.iterations = done.count;
}

/** A GPU's name: makers fill in different parts of it. */
export function adapterName({ vendor, architecture, device, description }) {
  return [vendor, architecture, device, description].filter(Boolean).join(' ');
}

/**
 * Measures a library. It has `open(backend, flag)`, which names the device, and `build(network, parameters)`
 * for a model with `step(batch)`, whose result `loss` waits for and reads, and with `attack(batch)`, whose
 * `iterate()` goes one step on and whose `finish()` waits.
 */
export async function work(library) {
  const figures = {};
  try {
    await measure(library, new URLSearchParams(location.search), figures);
  } catch (error) {
    figures.error = `${error?.message ?? error}`;
  }
  globalThis.figures = figures;
}
