// Writes and reads snapshots. Reading believes nothing: not the length, not the sums, not the contents.
#include "snapshot.hpp"

#include <bit>
#include <cinttypes>
#include <cmath>
#include <cstring>
#include <vector>

#include "atomic_file.hpp"
#include "cells.hpp"
#include "checksum.hpp"
#include "finite.hpp"

static_assert(std::endian::native == std::endian::little, "snapshots are little endian; a big-endian port must swap here");

namespace atheria::engine {
namespace {

constexpr unsigned char kMagic[8] = {0x89, 'A', 'T', 'S', 'N', 'A', 'P', '\n'};
constexpr uint32_t kFormat = 1;
constexpr uint64_t kStepMax = uint64_t{1} << 63;  // far from where it would wrap, and from the number that means "no time yet"
constexpr size_t kWriteBytes = size_t{256} << 10;

struct Header {
  unsigned char magic[8];
  uint32_t format, d;
  uint32_t domain, background, activity, normalize;
  int64_t extent_x, extent_y;
  uint64_t seed;
  float eps_on, eps_off, gamma;
  uint32_t zero;
  uint64_t step, tiles, active;
  uint8_t law_digest[32];
  uint64_t file_bytes, body_sum, zero2, header_sum;
};
static_assert(sizeof(Header) == 160 && offsetof(Header, step) == 72 && offsetof(Header, law_digest) == 96 && offsetof(Header, header_sum) == 152);

struct TileRecord {
  int32_t x, y, z;
  uint32_t zero;
  uint64_t mask[4];
};
static_assert(sizeof(TileRecord) == 48);

uint64_t sum_of(const void* bytes, size_t count) {
  Checksum sum;
  sum.add(bytes, count);
  return sum.value();
}

// Gathers small pieces into large writes; large pieces go straight from where they are.
class BodyWriter {
 public:
  explicit BodyWriter(AtomicFile& file) : file_(file) { pending_.reserve(kWriteBytes); }

  ath_status add(const void* bytes, size_t count) {
    const unsigned char* p = static_cast<const unsigned char*>(bytes);
    if (pending_.size() + count > kWriteBytes) {
      const ath_status status = flush();
      if (status != ATH_OK) return status;
    }
    if (count > kWriteBytes) return emit(p, count);
    pending_.insert(pending_.end(), p, p + count);
    return ATH_OK;
  }
  ath_status flush() {
    const ath_status status = emit(pending_.data(), pending_.size());
    pending_.clear();
    return status;
  }
  uint64_t sum() const { return sum_.value(); }

 private:
  ath_status emit(const void* bytes, size_t count) {
    if (count == 0) return ATH_OK;
    sum_.add(bytes, count);
    return file_.write(bytes, count);
  }

  AtomicFile& file_;
  std::vector<unsigned char> pending_;
  Checksum sum_;
};

ath_status damaged(const char* path, const char* what) {
  return ath_status_set(ATH_DATA_LOSS, "%s: %s; the file is damaged or no snapshot: load another one", path, what);
}

ath_status mismatch(const char* path, const char* field, double found, double expected) {
  return ath_status_set(ATH_FAILED_PRECONDITION, "%s: %s is %.9g in the snapshot but %.9g in this engine; make an engine with the snapshot's configuration",
                        path, field, found, expected);
}

ath_status check_identity(const Header& h, const SnapshotIdentity& id, const char* path, bool any_law) {
  if (h.d != id.d) return mismatch(path, "d (complex channels)", h.d, id.d);
  if (h.domain != id.domain) return mismatch(path, "domain", h.domain, id.domain);
  if (h.extent_x != id.extent_x) return mismatch(path, "extent_x", static_cast<double>(h.extent_x), static_cast<double>(id.extent_x));
  if (h.extent_y != id.extent_y) return mismatch(path, "extent_y", static_cast<double>(h.extent_y), static_cast<double>(id.extent_y));
  if (h.background != id.background) return mismatch(path, "background", h.background, id.background);
  if (h.seed != id.seed) {
    return ath_status_set(ATH_FAILED_PRECONDITION, "%s: seed is %" PRIu64 " in the snapshot but %" PRIu64 " in this engine; make an engine with the snapshot's seed",
                          path, h.seed, id.seed);
  }
  if (h.activity != id.activity) return mismatch(path, "activity", h.activity, id.activity);
  if (h.normalize != id.normalize) return mismatch(path, "normalize", h.normalize, id.normalize);
  if (h.eps_on != id.eps_on) return mismatch(path, "eps_on", h.eps_on, id.eps_on);
  if (h.eps_off != id.eps_off) return mismatch(path, "eps_off", h.eps_off, id.eps_off);
  if (any_law) return ATH_OK;
  if (std::memcmp(h.law_digest, id.law_digest, sizeof h.law_digest) != 0) {
    char found[17], expected[17];
    for (int i = 0; i < 8; ++i) {
      std::snprintf(found + 2 * i, 3, "%02x", h.law_digest[i]);
      std::snprintf(expected + 2 * i, 3, "%02x", id.law_digest[i]);
    }
    return ath_status_set(ATH_FAILED_PRECONDITION, "%s: made with another law (digest %s..., this engine's is %s...); load that law, or allow any law", path,
                          found, expected);
  }
  if (std::bit_cast<uint32_t>(h.gamma) != std::bit_cast<uint32_t>(id.gamma)) return mismatch(path, "gamma", h.gamma, id.gamma);
  return ATH_OK;
}

ath_status check_header(const unsigned char* head, size_t head_bytes, uint64_t file_bytes, Header* out_header, const char* path) {
  if (head_bytes < sizeof(Header)) return damaged(path, "shorter than a snapshot's header");
  Header& h = *out_header;
  std::memcpy(&h, head, sizeof h);
  if (std::memcmp(h.magic, kMagic, sizeof kMagic) != 0) return damaged(path, "does not begin as a snapshot does");
  if (h.header_sum != sum_of(head, sizeof h - sizeof h.header_sum)) return damaged(path, "the header's checksum is wrong");
  if (h.format != kFormat) {
    return ath_status_set(ATH_VERSION_MISMATCH, "%s: snapshot format %u, this engine reads %u; use the version that wrote it", path, h.format, kFormat);
  }
  if (h.file_bytes != file_bytes) return damaged(path, "has not the length that its header says");
  // The counts are bounded by the length before they are multiplied.
  const uint64_t body = file_bytes - sizeof h;
  const uint64_t cell_bytes = 8ull * h.d;
  if (h.zero != 0 || h.zero2 != 0 || h.d == 0 || h.tiles > body / sizeof(TileRecord) || h.active > body / cell_bytes ||
      h.tiles * sizeof(TileRecord) + h.active * cell_bytes != body) {
    return damaged(path, "the counts in its header do not fit its length");
  }
  if (h.step > kStepMax) return damaged(path, "its step number is above 2^63");
  return ATH_OK;
}

ath_status check_body(const Header& h, const std::vector<unsigned char>& bytes, const char* path) {
  if (h.file_bytes != bytes.size()) return damaged(path, "was cut while it was read");
  if (h.body_sum != sum_of(bytes.data() + sizeof h, bytes.size() - sizeof h)) return damaged(path, "the checksum of its cells is wrong");
  return ATH_OK;
}

ath_status read_tiles(Universe& universe, const Header& h, const std::vector<unsigned char>& bytes, const char* path) {
  const unsigned char* records = bytes.data() + sizeof h;
  const unsigned char* cells = records + h.tiles * sizeof(TileRecord);
  const size_t channels = universe.channels();
  uint64_t left = h.active, last_key = 0;
  for (uint64_t i = 0; i < h.tiles; ++i) {
    TileRecord record;
    std::memcpy(&record, records + i * sizeof record, sizeof record);
    const TileCoord coord{record.x, record.y, record.z};
    CellMask mask;
    std::memcpy(mask.words, record.mask, sizeof record.mask);
    if (record.zero != 0 || !tile_axis_in_range(coord.x) || !tile_axis_in_range(coord.y) || !tile_axis_in_range(coord.z) || mask.empty() ||
        !(mask & ~universe.domain.existing(coord)).empty() || static_cast<uint64_t>(mask.count()) > left || (i > 0 && tile_key(coord) <= last_key)) {
      return damaged(path, "a tile record is impossible");
    }
    last_key = tile_key(coord);
    uint32_t slot;
    const ath_status status = universe.tiles.find_or_add(coord, &slot);
    if (status != ATH_OK) return status;
    Tile& tile = universe.tiles[slot];
    fill_with_background(universe, tile);
    tile.active = mask;
    float* state = universe.state(tile);
    bool finite = true;
    mask.for_each_run([&](int cell, int length) {
      std::memcpy(state + cell * channels, cells, length * channels * sizeof(float));
      cells += length * channels * sizeof(float);
      finite = finite && all_finite(state + cell * channels, length * channels);
    });
    if (!finite) return damaged(path, "a cell's state is not finite");
    left -= mask.count();
  }
  if (left != 0) return damaged(path, "the tiles have fewer cells than the header says");
  universe.active_count = h.active;
  return ATH_OK;
}

}  // namespace

SnapshotIdentity::SnapshotIdentity(const ath_engine_config& config, uint32_t channels, float gamma_in_effect, const uint8_t* digest)
    : d(channels / 2), domain(config.domain), background(config.background), activity(config.activity), normalize(config.normalize), gamma(gamma_in_effect) {
  // What has no effect is no difference.
  if (domain != ATH_DOMAIN_INFINITE) {
    extent_x = config.extent_x;
    extent_y = config.extent_y;
  }
  if (background != ATH_BACKGROUND_ZERO) seed = config.seed;
  if (activity == ATH_ACTIVITY_THRESHOLD) {
    eps_on = config.eps_on;
    eps_off = config.eps_off;
  }
  std::memcpy(law_digest, digest, sizeof law_digest);
}

ath_status save_snapshot(const Universe& universe, const SnapshotIdentity& id, const char* path) {
  Header h{};
  std::memcpy(h.magic, kMagic, sizeof kMagic);
  h.format = kFormat;
  h.d = id.d;
  h.domain = id.domain;
  h.background = id.background;
  h.activity = id.activity;
  h.normalize = id.normalize;
  h.extent_x = id.extent_x;
  h.extent_y = id.extent_y;
  h.seed = id.seed;
  h.eps_on = id.eps_on;
  h.eps_off = id.eps_off;
  h.gamma = id.gamma;
  h.step = universe.step;
  h.active = universe.active_count;
  std::memcpy(h.law_digest, id.law_digest, sizeof h.law_digest);

  AtomicFile file(path);
  ath_status status = file.open();
  if (status == ATH_OK) status = file.write(&h, sizeof h);  // a place for it; the sums come at the end
  if (status != ATH_OK) return status;
  BodyWriter body(file);
  const std::vector<KeyedSlot>& order = universe.tiles.order();
  for (const KeyedSlot& item : order) {
    const Tile& tile = universe.tiles[item.slot];
    if (tile.active.empty()) continue;
    TileRecord record{tile.coord.x, tile.coord.y, tile.coord.z, 0, {}};
    std::memcpy(record.mask, tile.active.words, sizeof record.mask);
    status = body.add(&record, sizeof record);
    if (status != ATH_OK) return status;
    ++h.tiles;
  }
  const size_t channels = universe.channels();
  for (const KeyedSlot& item : order) {
    const Tile& tile = universe.tiles[item.slot];
    const float* state = universe.state(tile);
    if (tile.active.is_full()) {
      status = body.add(state, universe.tiles.tile_floats() * sizeof(float));
    } else {
      tile.active.for_each_run([&](int cell, int length) {
        if (status == ATH_OK) status = body.add(state + cell * channels, length * channels * sizeof(float));
      });
    }
    if (status != ATH_OK) return status;
  }
  status = body.flush();
  if (status != ATH_OK) return status;
  h.file_bytes = sizeof h + h.tiles * sizeof(TileRecord) + h.active * channels * sizeof(float);
  h.body_sum = body.sum();
  h.header_sum = sum_of(&h, sizeof h - sizeof h.header_sum);
  status = file.write_at(0, &h, sizeof h);
  return status == ATH_OK ? file.commit() : status;
}

ath_status load_snapshot(Universe& universe, const SnapshotIdentity& id, const char* path, bool any_law) {
  std::vector<unsigned char> bytes;
  Header h;
  ath_status status = read_file(
      path, sizeof h, [&](const unsigned char* head, size_t count, uint64_t length) { return check_header(head, count, length, &h, path); }, bytes);
  if (status == ATH_OK) status = check_body(h, bytes, path);
  if (status == ATH_OK) status = check_identity(h, id, path, any_law);
  if (status != ATH_OK) return status;
  universe.step = h.step;  // first: it decides which of a tile's two states is the present one
  return read_tiles(universe, h, bytes, path);
}

}  // namespace atheria::engine
