// The workload in TensorFlow.js. Its images have their channels last, so the weights are turned once.

import { adapterName, BATCH, CLASSES, EPSILON, LEARNING_RATE, STEP_SIZE, work } from './work.js';

const { tf } = globalThis;
const PACKAGES = 'node_modules/@tensorflow';
const IMAGES = [BATCH, 28, 28, 1];

/** Loads a backend's script: only the one that is measured. */
function script(backend) {
  return new Promise((resolve, reject) => {
    const element = document.createElement('script');
    element.src = `${PACKAGES}/tfjs-backend-${backend}/dist/tf-backend-${backend}.min.js`;
    element.onload = resolve;
    element.onerror = () => reject(new Error(`${element.src} did not load`));
    document.head.append(element);
  });
}

/** A parameter in TensorFlow's layout. `channels` is what the convolutions end with. */
function variable({ values, shape }, channels) {
  return tf.tidy(() => {
    const plain = tf.tensor(values, shape);
    if (shape.length === 4) {
      return tf.variable(plain.transpose([2, 3, 1, 0]));
    }
    if (shape.length === 2 && shape[1] !== CLASSES) {
      const [flat, hidden] = shape;
      const turned = plain.reshape([channels, flat / channels, hidden]).transpose([1, 0, 2]);
      return tf.variable(turned.reshape(shape));
    }
    return tf.variable(plain);
  });
}

function logits([w1, b1, w2, b2, w3, b3, w4, b4], images) {
  const block = (x, weight, bias) => x.conv2d(weight, 1, 'same').add(bias).relu().maxPool(2, 2, 'valid');
  const features = block(block(images, w1, b1), w2, b2);
  return features.reshape([BATCH, -1]).matMul(w3).add(b3).relu().matMul(w4).add(b4);
}

const library = {
  async open(backend, flag) {
    await script(backend);
    if (backend === 'wasm') {
      tf.wasm.setWasmPaths(`${PACKAGES}/tfjs-backend-wasm/dist/`);
    }
    if (flag) {
      tf.env().set(flag, true);
    }
    if (!(await tf.setBackend(backend))) {
      throw new Error(`no ${backend} here`);
    }
    await tf.ready();
    return backend === 'webgpu' ? adapterName(tf.backend().device.adapterInfo) : backend;
  },

  build(network, given) {
    const parameters = given.map((one) => variable(one, network.channels.at(-1)));
    const optimizer = tf.train.adam(LEARNING_RATE, 0.9, 0.999, 1e-8);
    const loss = (images, labels) => tf.losses.softmaxCrossEntropy(labels, logits(parameters, images));
    const tensors = ({ images, labels }) => [tf.tensor4d(images, IMAGES), tf.tensor2d(labels, [BATCH, CLASSES])];
    return {
      step: (batch) => tf.tidy(() => optimizer.minimize(() => loss(...tensors(batch)), true)),
      loss: async (value) => (await value.data())[0],
      attack(batch) {
        const [clean, labels] = tensors(batch);
        const [low, high] = [clean.sub(EPSILON).maximum(0), clean.add(EPSILON).minimum(1)];
        const gradient = tf.grad((images) => loss(images, labels));
        let images = clean.clone();
        return {
          iterate() {
            const moved = tf.tidy(() => images.add(gradient(images).sign().mul(STEP_SIZE)).maximum(low).minimum(high));
            images.dispose();
            images = moved;
          },
          finish: () => images.data(),
        };
      },
    };
  },
};

work(library);
