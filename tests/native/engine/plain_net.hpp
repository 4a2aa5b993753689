// Small convolutional laws written twice: as plain loops (the judge) and as an opcode program or a callback law (what the engine runs).
#pragma once

#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "atheria/law.h"

namespace plain {

struct Layer {
  int side, in, out;           // side x side kernel, valid
  std::vector<float> weights;  // [side][side][in][out]
  std::vector<float> bias;     // [out]
  bool elu;                    // after it
};

struct Net {
  std::vector<Layer> layers;
  int channels = 0;
  float gamma = 0;
  bool product = false;

  int radius() const {
    int r = 0;
    for (const Layer& layer : layers) r += layer.side / 2;
    return r;
  }

  // input [height + 2r][width + 2r][channels] -> out [height][width][channels]. Values outside `domain` (in input coordinates; null: all inside) are zero
  // for every layer.
  void apply(const float* input, int height, int width, const ath_rectangle* domain, float* out) const {
    int h = height + 2 * radius(), w = width + 2 * radius(), margin = 0;
    std::vector<float> now(input, input + static_cast<size_t>(h) * w * channels);
    int c = channels;
    for (const Layer& layer : layers) {
      for (int y = 0; y < h && domain != nullptr; ++y) {
        for (int x = 0; x < w; ++x) {
          const int py = y + margin, px = x + margin;
          if (py < domain->y0 || py >= domain->y1 || px < domain->x0 || px >= domain->x1) {
            std::fill_n(now.begin() + (static_cast<size_t>(y) * w + x) * c, c, 0.0f);
          }
        }
      }
      const int h2 = h - layer.side + 1, w2 = w - layer.side + 1;
      std::vector<float> next(static_cast<size_t>(h2) * w2 * layer.out);
      for (int y = 0; y < h2; ++y) {
        for (int x = 0; x < w2; ++x) {
          for (int o = 0; o < layer.out; ++o) {
            double sum = layer.bias[o];
            for (int ky = 0; ky < layer.side; ++ky) {
              for (int kx = 0; kx < layer.side; ++kx) {
                const float* cell = now.data() + (static_cast<size_t>(y + ky) * w + x + kx) * c;
                const float* weight = layer.weights.data() + static_cast<size_t>(ky * layer.side + kx) * c * layer.out + o;
                for (int i = 0; i < c; ++i) sum += static_cast<double>(cell[i]) * weight[static_cast<size_t>(i) * layer.out];
              }
            }
            if (layer.elu && sum < 0) sum = std::expm1(sum);
            next[(static_cast<size_t>(y) * w2 + x) * layer.out + o] = static_cast<float>(sum);
          }
        }
      }
      now.swap(next);
      margin += layer.side / 2;
      h = h2, w = w2, c = layer.out;
    }
    std::copy(now.begin(), now.end(), out);
  }
};

// `sides` is the kernel side of each layer, `hidden` the channels between them. Weights are small enough to keep states tame.
inline Net random_net(int d, const std::vector<int>& sides, int hidden, uint32_t seed, float scale = 0.5f) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  Net net;
  net.channels = 2 * d;
  for (size_t i = 0; i < sides.size(); ++i) {
    Layer layer;
    layer.side = sides[i];
    layer.in = i == 0 ? 2 * d : hidden;
    layer.out = i + 1 == sides.size() ? 2 * d : hidden;
    layer.elu = i + 1 != sides.size();
    const float size = scale / std::sqrt(static_cast<float>(layer.in * layer.side * layer.side));
    layer.weights.resize(static_cast<size_t>(layer.side) * layer.side * layer.in * layer.out);
    for (float& w : layer.weights) w = size * uniform(random);
    layer.bias.assign(layer.out, 0.0f);  // so that law(0) = 0 and the zero background can rest
    net.layers.push_back(layer);
  }
  return net;
}

// ---- As an opcode program ----

inline uint32_t add_tensor(ath_program* program, const std::string& name, ath_role role, std::vector<ath_dimension> dims, const std::vector<float>* bytes) {
  ath_tensor tensor{};
  std::snprintf(tensor.name, sizeof tensor.name, "%s", name.c_str());
  tensor.dtype = ATH_DTYPE_F32;
  tensor.role = role;
  tensor.rank = static_cast<uint32_t>(dims.size());
  std::copy(dims.begin(), dims.end(), tensor.dims);
  uint32_t handle = 0;
  if (ath_program_add_tensor(program, &tensor, bytes != nullptr ? bytes->data() : nullptr, bytes != nullptr ? bytes->size() * sizeof(float) : 0, &handle) !=
      ATH_OK) {
    std::fprintf(stderr, "tensor %s: %s\n", name.c_str(), ath_status_message());
  }
  return handle;
}

inline ath_program* make_program(const Net& net) {
  ath_program* program = nullptr;
  ath_program_create(&program);
  ath_program_set_metadata(program, "name", "plain net");
  char text[64];
  std::snprintf(text, sizeof text, "%.9g", static_cast<double>(net.gamma));
  ath_program_set_metadata(program, "gamma", text);
  if (net.product) ath_program_set_metadata(program, "product", "1");
  int shrink = 0;
  const auto shape = [&](int channels) {
    return std::vector<ath_dimension>{{'B', 0}, {'H', -shrink}, {'W', -shrink}, {0, channels}};
  };
  uint32_t now = add_tensor(program, "x", ATH_ROLE_INPUT, shape(net.channels), nullptr);
  for (size_t i = 0; i < net.layers.size(); ++i) {
    const Layer& layer = net.layers[i];
    const uint32_t weight = add_tensor(program, "w" + std::to_string(i), ATH_ROLE_CONSTANT, {{0, layer.side}, {0, layer.side}, {0, layer.in}, {0, layer.out}}, &layer.weights);
    const uint32_t bias = add_tensor(program, "b" + std::to_string(i), ATH_ROLE_CONSTANT, {{0, layer.out}}, &layer.bias);
    shrink += layer.side - 1;
    const bool last = i + 1 == net.layers.size();
    const uint32_t out = add_tensor(program, last ? "y" : "t" + std::to_string(i), last ? ATH_ROLE_OUTPUT : ATH_ROLE_LOCAL, shape(layer.out), nullptr);
    const ath_instruction convolution{ATH_OP_CONV2D, {out, now, weight, bias}};
    ath_program_add_instruction(program, &convolution);
    now = out;
    if (layer.elu) {
      const uint32_t activated = add_tensor(program, "e" + std::to_string(i), ATH_ROLE_LOCAL, shape(layer.out), nullptr);
      const ath_instruction elu{ATH_OP_ELU, {activated, now, 0, 0}};
      ath_program_add_instruction(program, &elu);
      now = activated;
    }
  }
  const ath_instruction halt{ATH_OP_HALT, {0, 0, 0, 0}};
  ath_program_add_instruction(program, &halt);
  return program;
}

// ---- As a callback law ----

struct Callback {
  Net net;
  ath_law_info info{};
  std::function<ath_status(const ath_law_batch&)> before;  // may fail or look; null: nothing
  int* destroyed = nullptr;
};

inline ath_law make_callback_law(const Net& net, uint32_t flags = 0, std::function<ath_status(const ath_law_batch&)> before = nullptr,
                                 int* destroyed = nullptr) {
  Callback* self = new Callback{net, {}, std::move(before), destroyed};
  self->info.struct_bytes = sizeof(ath_law_info);
  self->info.channels = static_cast<uint32_t>(net.channels);
  self->info.radius = static_cast<uint32_t>(net.radius());
  self->info.alignment = 1;
  self->info.flags = flags | (net.product ? ATH_LAW_PRODUCT : 0);
  self->info.gamma = net.gamma;
  self->info.name = "callback";
  self->info.backend = "test";
  ath_law law{};
  law.struct_bytes = sizeof law;
  law.abi_version = ATH_ABI_VERSION;
  law.self = self;
  law.describe = [](void* state, ath_law_info* out_info) -> ath_status {
    *out_info = static_cast<Callback*>(state)->info;
    return ATH_OK;
  };
  law.forward = [](void* state, const ath_law_batch* batch) -> ath_status {
    const Callback& callback = *static_cast<Callback*>(state);
    if (callback.before) {
      const ath_status status = callback.before(*batch);
      if (status != ATH_OK) return status;
    }
    const int r = callback.net.radius();
    const size_t in = static_cast<size_t>(batch->height + 2 * r) * (batch->width + 2 * r) * callback.net.channels;
    const size_t out = static_cast<size_t>(batch->height) * batch->width * callback.net.channels;
    for (uint32_t i = 0; i < batch->count; ++i) {
      callback.net.apply(batch->input + i * in, static_cast<int>(batch->height), static_cast<int>(batch->width),
                         batch->domains != nullptr ? batch->domains + i : nullptr, batch->output + i * out);
    }
    return ATH_OK;
  };
  law.destroy = [](void* state) {
    Callback* callback = static_cast<Callback*>(state);
    if (callback->destroyed != nullptr) ++*callback->destroyed;
    delete callback;
  };
  return law;
}

}  // namespace plain
