// Measures a module that many clients call at once, as a C++ server would do it: the clients' calls wait in one
// queue, a pool of threads takes them off, and each client calls again as soon as its call is done. For each
// line it reads, prints the nanoseconds of a call by the clock on the wall in a batch of calls, or the 99th percentile
// of the time from joining the queue to the end of the call.
//
// usage: bench_crowd wall|p99 model_scripted.pt x.npy clients width calls
#include <ATen/Parallel.h>
#include <torch/script.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "npy.h"
#include "turns.h"

namespace {

using Clock = std::chrono::steady_clock;

// Queue holds the moments at which the waiting clients joined it.
class Queue {
 public:
  void join() {
    {
      std::lock_guard<std::mutex> lock(mutex);
      waiting.push_back(Clock::now());
    }
    more.notify_one();
  }
  // next gives false when as many calls were given out as there are to be.
  bool next(Clock::time_point* joined) {
    std::unique_lock<std::mutex> lock(mutex);
    more.wait(lock, [&] { return left == 0 || !waiting.empty(); });
    if (left == 0) return false;
    *joined = waiting.front();
    waiting.pop_front();
    if (--left == 0) more.notify_all();
    return true;
  }
  explicit Queue(long calls) : left(calls) {}

 private:
  std::mutex mutex;
  std::condition_variable more;
  std::deque<Clock::time_point> waiting;
  long left;
};

double nanoseconds(Clock::duration d) { return std::chrono::duration<double, std::nano>(d).count(); }

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 7) {
    std::cerr << "usage: bench_crowd wall|p99 model_scripted.pt x.npy clients width calls\n";
    return 2;
  }
  const bool wall = std::string(argv[1]) == "wall";
  const int clients = std::stoi(argv[4]), width = std::stoi(argv[5]);
  const long calls = std::stol(argv[6]);
  at::set_num_threads(1);
  c10::InferenceMode guard;
  torch::jit::Module module = torch::jit::load(argv[2], at::kCPU);
  module.eval();
  const torch::jit::Method forward = module.get_method("forward");
  const at::Tensor x = read_npy(argv[3]);
  for (int i = 0; i < 1000; ++i) forward({x});
  each_turn([&] {
    Queue queue(calls);
    std::vector<std::vector<double>> times(width);
    const auto start = Clock::now();
    for (int i = 0; i < clients; ++i) queue.join();
    std::vector<std::thread> pool;
    for (int i = 0; i < width; ++i) {
      pool.emplace_back([&, i] {
        c10::InferenceMode guard;
        at::set_num_threads(1);
        Clock::time_point joined;
        while (queue.next(&joined)) {
          forward({x});
          times[i].push_back(nanoseconds(Clock::now() - joined));
          queue.join();
        }
      });
    }
    for (auto& t : pool) t.join();
    const double took = nanoseconds(Clock::now() - start);
    std::vector<double> all;
    for (const auto& t : times) all.insert(all.end(), t.begin(), t.end());
    const auto place = all.begin() + all.size() * 99 / 100;
    std::nth_element(all.begin(), place, all.end());
    return wall ? took / calls : *place;
  });
  return 0;
} catch (const std::exception& e) {
  std::cerr << "bench_crowd: " << e.what() << "\n";
  return 2;
}
