// The workload in jax-js. Whole steps are compiled (`jit`), which is the fastest that it offers. Its arrays
// are counted: using one gives it up, `.ref` keeps it.

import {
  blockUntilReady,
  defaultDevice,
  getWebGPUDevice,
  grad,
  init,
  jit,
  lax,
  nn,
  numpy as np,
  tree,
  valueAndGrad,
} from '@jax-js/jax';
import { adapterName, BATCH, CLASSES, EPSILON, LEARNING_RATE, STEP_SIZE, work } from './work.js';

const IMAGES = [BATCH, 1, 28, 28];
const DECAY = 0.9;
const DECAY_OF_SQUARES = 0.999;

function array(values, shape) {
  return np.array(values).reshape(shape);
}

function logits([w1, b1, w2, b2, w3, b3, w4, b4], images) {
  const block = (x, weight, bias) => {
    const sums = lax.convGeneralDilated(x, weight, [1, 1], 'SAME').add(bias.reshape([-1, 1, 1]));
    return lax.reduceWindow(nn.relu(sums), np.max, [2, 2], [2, 2]);
  };
  const features = block(block(images, w1, b1), w2, b2);
  const hidden = nn.relu(np.dot(features.reshape([BATCH, -1]), w3).add(b3));
  return np.dot(hidden, w4).add(b4);
}

function crossEntropy(parameters, images, labels) {
  return nn.logSoftmax(logits(parameters, images)).mul(labels).sum().mul(-1 / BATCH);
}

/** Adam for one parameter; the two corrections are one over what the moments lack so early. */
function adam([value, gradient, moment, square], correction, squareCorrection) {
  const newMoment = moment.mul(DECAY).add(gradient.ref.mul(1 - DECAY));
  const newSquare = square.mul(DECAY_OF_SQUARES).add(np.square(gradient).mul(1 - DECAY_OF_SQUARES));
  const root = np.sqrt(newSquare.ref.mul(squareCorrection)).add(1e-8);
  const change = newMoment.ref.mul(correction).div(root).mul(LEARNING_RATE);
  return [value.sub(change), newMoment, newSquare];
}

function trainingStep(state, images, labels, corrections) {
  const [parameters, moments, squares] = state;
  const [loss, gradients] = valueAndGrad(crossEntropy)(tree.ref(parameters), images, labels);
  const updated = parameters.map((value, place) =>
    adam([value, gradients[place], moments[place], squares[place]], ...corrections.map((one) => one.ref)),
  );
  tree.dispose(corrections);
  return [loss, [0, 1, 2].map((part) => updated.map((one) => one[part]))];
}

function attackStep(images, clean, parameters, labels) {
  const lossOfImages = (x) => crossEntropy(parameters, x, labels);
  const moved = images.ref.add(np.sign(grad(lossOfImages)(images)).mul(STEP_SIZE));
  const low = np.maximum(clean.ref.sub(EPSILON), 0);
  const high = np.minimum(clean.add(EPSILON), 1);
  return np.minimum(np.maximum(moved, low), high);
}

const library = {
  async open(backend) {
    const devices = await init(backend);
    if (!devices.includes(backend)) {
      throw new Error(`no ${backend} here`);
    }
    defaultDevice(backend);
    return backend === 'webgpu' ? adapterName(getWebGPUDevice().adapterInfo) : backend;
  },

  build(_network, given) {
    const zeros = () => given.map(({ shape }) => np.zeros(shape));
    let state = [given.map(({ values, shape }) => array(values, shape)), zeros(), zeros()];
    let number = 0;
    const train = jit(trainingStep);
    const climb = jit(attackStep);
    return {
      step({ images, labels }) {
        number += 1;
        const corrections = [DECAY, DECAY_OF_SQUARES].map((decay) => np.array(1 / (1 - decay ** number)));
        const [loss, next] = train(state, array(images, IMAGES), array(labels, [BATCH, CLASSES]), corrections);
        state = next;
        return loss;
      },
      async loss(loss) {
        // In wasm nothing is computed before it is asked for: the loss alone would be a forward pass.
        await blockUntilReady(state);
        return (await loss.data())[0];
      },
      attack(chosen) {
        const clean = array(chosen.images, IMAGES);
        const labels = array(chosen.labels, [BATCH, CLASSES]);
        let images = clean.ref;
        return {
          iterate() {
            images = climb(images, clean.ref, tree.ref(state[0]), labels.ref);
          },
          finish: () => images.ref.data(),
        };
      },
    };
  },
};

work(library);
