// The little of the npy format that the programs here need.
#pragma once

#include <torch/types.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

inline std::vector<char> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error(path + ": can't be read");
  return {std::istreambuf_iterator<char>(in), {}};
}

// Reads a little-endian, row-major float32 array of npy version 1.
inline at::Tensor read_npy(const std::string& path) {
  const std::vector<char> file = read_file(path);
  const auto* bytes = reinterpret_cast<const unsigned char*>(file.data());
  if (file.size() < 10 || file[0] != '\x93' || bytes[6] != 1) throw std::runtime_error(path + ": not an npy file");
  const size_t data = 10 + bytes[8] + 256 * bytes[9];
  const std::string header(file.data() + 10, data - 10);
  if (header.find("'<f4'") == std::string::npos || header.find("'fortran_order': False") == std::string::npos)
    throw std::runtime_error(path + ": not a row-major float32 array");
  std::vector<int64_t> shape;
  for (size_t at = header.find("'shape': (") + 10; header[at] != ')';) {
    if (header[at] == ' ' || header[at] == ',') {
      ++at;
      continue;
    }
    size_t digits = 0;
    shape.push_back(std::stoll(header.substr(at), &digits));
    at += digits;
  }
  return torch::from_blob(const_cast<char*>(file.data() + data), shape, torch::kFloat32).clone();
}

// Writes a contiguous float32 tensor as npy version 1.
inline void write_npy(const std::string& path, const at::Tensor& t) {
  std::string shape;
  for (const int64_t n : t.sizes()) shape += std::to_string(n) + ", ";
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + shape + "), }";
  header.resize((header.size() + 11 + 63) / 64 * 64 - 11, ' ');
  header += '\n';
  std::ofstream out(path, std::ios::binary);
  out << "\x93NUMPY" << '\1' << '\0' << char(header.size() % 256) << char(header.size() / 256) << header;
  out.write(static_cast<const char*>(t.data_ptr()), t.nbytes());
  if (!out.flush()) throw std::runtime_error(path + ": can't be written");
}
