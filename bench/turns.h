// A program that is measured beside others runs one batch for each line that it reads, and answers with the time:
// so contestants that were started together can take turns of milliseconds.
#pragma once

#include <iostream>
#include <string>

// each_turn prints the nanoseconds that batch gives, once for each line of standard input.
template <typename Batch>
void each_turn(const Batch& batch) {
  for (std::string line; std::getline(std::cin, line);) std::cout << batch() << std::endl;
}
