// What the allocators hold, and what they can give back.
#include <c10/core/Allocator.h>
#include <malloc.h>
#include <sys/resource.h>
#include <torch/version.h>

#include "blocks.h"
#include "device.h"

#if TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 9
#include <c10/core/CachingDeviceAllocator.h>
#define TORCHGO_DEVICE_STATS
#endif

using namespace torchgo;

namespace {

ts_memory_info host_memory() {
#if __GLIBC_PREREQ(2, 33)
  const auto heap = mallinfo2();
  const int64_t small = static_cast<int64_t>(heap.uordblks), arenas = static_cast<int64_t>(heap.arena), mapped = static_cast<int64_t>(heap.hblkhd);
#else
  // Counts of 32 bits, which wrap; read as unsigned they are good to 4 GiB.
  const auto heap = mallinfo();
  const int64_t small = static_cast<uint32_t>(heap.uordblks), arenas = static_cast<uint32_t>(heap.arena), mapped = static_cast<uint32_t>(heap.hblkhd);
#endif
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto large = blocks::held();
  const auto used = static_cast<int64_t>(large.used), idle = static_cast<int64_t>(large.idle);
  return {small + mapped + used, arenas + mapped + used + idle, static_cast<int64_t>(usage.ru_maxrss) * 1024};
}

ts_memory_info device_memory(c10::Device d) {
#ifdef TORCHGO_DEVICE_STATS
  const auto stats = c10::getDeviceAllocator(d.type())->getDeviceStats(d.index());
  const auto all = static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE);
  return {stats.allocated_bytes[all].current, stats.reserved_bytes[all].current, stats.allocated_bytes[all].peak};
#else
  throw Refusal(TS_CODE_NOT_IMPLEMENTED, "this libtorch does not tell what " + d.str() + " holds; 2.9 and later do");
#endif
}

}  // namespace

ts_error *ts_memory_read(int32_t device_type, int32_t device_index, ts_memory_info *out) noexcept {
  return guard([&] {
    c10::Device d = device(device_type, device_index);
    *out = d.is_cpu() ? host_memory() : device_memory(d);
  });
}

ts_error *ts_memory_trim(int32_t device_type) noexcept {
  return guard([&] {
    if (device_type == TS_DEVICE_CPU) {
      blocks::release();
      malloc_trim(0);
    }
    if (device_type != TS_DEVICE_CUDA || !cuda_in_use()) return;
#ifdef TORCHGO_DEVICE_STATS
    c10::getDeviceAllocator(c10::kCUDA)->emptyCache();
#else
    throw Refusal(TS_CODE_NOT_IMPLEMENTED, "this libtorch cannot be told to; 2.9 and later can");
#endif
  });
}

void ts_memory_settle(int32_t device_type) noexcept {
  if (device_type == TS_DEVICE_CPU) blocks::settle();
}

ts_error *ts_memory_reset_peak(int32_t device_type, int32_t device_index) noexcept {
  return guard([&] {
    c10::Device d = device(device_type, device_index);
    if (d.is_cpu()) throw Refusal(TS_CODE_NOT_IMPLEMENTED, "the peak of a process cannot begin anew");
#ifdef TORCHGO_DEVICE_STATS
    c10::getDeviceAllocator(d.type())->resetPeakStats(d.index());
#else
    throw Refusal(TS_CODE_NOT_IMPLEMENTED, "this libtorch does not tell what " + d.str() + " holds; 2.9 and later do");
#endif
  });
}
