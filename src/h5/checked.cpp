#include "h5/checked.hpp"

#include "graftage/core/as_error.hpp"
#include "graftage/core/text.hpp"

#include <cstdlib>
#include <string_view>

namespace graftage::h5 {

void prepare_library() {
  // A file that could not be flushed stays half open, and the library's own clean-up at exit crashes on it. All our
  // files are closed by then. Works before the first other call only; later it does nothing.
  H5dont_atexit();
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  H5PLset_loading_state(0);
}

std::string take_library_error() {
  std::string text;
  const auto keep_first = [](unsigned n, const H5E_error2_t* error, void* out) -> herr_t {
    if (n == 0 && error->desc != nullptr) *static_cast<std::string*>(out) = error->desc;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, &text);
  H5Eclear2(H5E_DEFAULT);
  return core::printable(text);
}

namespace {

/// The system's error number in a message of the library's file driver ("errno = 28, ..."); 0 if it names none.
int error_number_in(const std::string& library_text) {
  constexpr std::string_view kName = "errno = ";
  const std::size_t at = library_text.find(kName);
  return at == std::string::npos ? 0 : std::atoi(library_text.c_str() + at + kName.size());
}

/// The file that is being made, not its temporary name ".<name>.<pid>.<random>.tmp".
std::filesystem::path without_temporary_name(const std::filesystem::path& file) {
  std::string name = file.filename().string();
  if (!name.starts_with(".") || !name.ends_with(".tmp")) return file;
  for (int part = 0; part < 3 && name.rfind('.') != 0; ++part) name.resize(name.rfind('.'));
  return file.parent_path() / name.substr(1);
}

}  // namespace

void throw_write_error(const std::filesystem::path& file, const std::string& object, const std::string& what,
                       core::ExitCode otherwise) {
  const std::string text = take_library_error();
  const auto path = without_temporary_name(file);
  if (const int number = error_number_in(text); number != 0)
    throw core::file_error(otherwise == core::ExitCode::CannotCreate ? "create" : "write", path, number, otherwise);
  throw core::IoError(path.string() + (object.empty() ? "" : " [" + object + "]") + ": " + what +
                          (text.empty() ? "" : " (HDF5: " + text + ")") + "; check free space and permissions",
                      otherwise);
}

void throw_read_error(const std::filesystem::path& file, const std::string& object, const std::string& what) {
  const std::string text = take_library_error();
  throw core::DataError(file.string(), object,
                        what + (text.empty() ? "" : " (HDF5: " + text + ")") +
                            "; the file is damaged or of another kind: copy or create it again");
}

hid_t native_type(ElementType type) {
  switch (type) {
    case ElementType::UInt8:
      return H5T_NATIVE_UINT8;
    case ElementType::Int8:
      return H5T_NATIVE_INT8;
    case ElementType::UInt16:
      return H5T_NATIVE_UINT16;
    case ElementType::Int16:
      return H5T_NATIVE_INT16;
    case ElementType::Int32:
      return H5T_NATIVE_INT32;
    case ElementType::UInt32:
      return H5T_NATIVE_UINT32;
    case ElementType::Int64:
      return H5T_NATIVE_INT64;
    case ElementType::UInt64:
      return H5T_NATIVE_UINT64;
    case ElementType::Float32:
      return H5T_NATIVE_FLOAT;
    case ElementType::Float64:
      return H5T_NATIVE_DOUBLE;
  }
  throw core::InternalError("unknown element type");
}

hid_t stored_type(ElementType type) {
  switch (type) {
    case ElementType::UInt8:
      return H5T_STD_U8LE;
    case ElementType::Int8:
      return H5T_STD_I8LE;
    case ElementType::UInt16:
      return H5T_STD_U16LE;
    case ElementType::Int16:
      return H5T_STD_I16LE;
    case ElementType::Int32:
      return H5T_STD_I32LE;
    case ElementType::UInt32:
      return H5T_STD_U32LE;
    case ElementType::Int64:
      return H5T_STD_I64LE;
    case ElementType::UInt64:
      return H5T_STD_U64LE;
    case ElementType::Float32:
      return H5T_IEEE_F32LE;
    case ElementType::Float64:
      return H5T_IEEE_F64LE;
  }
  throw core::InternalError("unknown element type");
}

const char* element_name(ElementType type) {
  switch (type) {
    case ElementType::UInt8:
      return "uint8";
    case ElementType::Int8:
      return "int8";
    case ElementType::UInt16:
      return "uint16";
    case ElementType::Int16:
      return "int16";
    case ElementType::Int32:
      return "int32";
    case ElementType::UInt32:
      return "uint32";
    case ElementType::Int64:
      return "int64";
    case ElementType::UInt64:
      return "uint64";
    case ElementType::Float32:
      return "float32";
    case ElementType::Float64:
      return "float64";
  }
  return "unknown";
}

std::size_t element_bytes(ElementType type) {
  switch (type) {
    case ElementType::UInt8:
    case ElementType::Int8:
      return 1;
    case ElementType::UInt16:
    case ElementType::Int16:
      return 2;
    case ElementType::Int32:
    case ElementType::UInt32:
    case ElementType::Float32:
      return 4;
    case ElementType::Int64:
    case ElementType::UInt64:
    case ElementType::Float64:
      return 8;
  }
  throw core::InternalError("unknown element type");
}

bool element_type(hid_t type, ElementType& result) {
  const H5T_class_t kind = H5Tget_class(type);
  const std::size_t bytes = H5Tget_size(type);
  if (kind == H5T_FLOAT && (bytes == 4 || bytes == 8)) {
    result = bytes == 4 ? ElementType::Float32 : ElementType::Float64;
    return true;
  }
  if (kind != H5T_INTEGER) return false;
  const bool is_signed = H5Tget_sign(type) == H5T_SGN_2;
  switch (bytes) {
    case 1:
      result = is_signed ? ElementType::Int8 : ElementType::UInt8;
      return true;
    case 2:
      result = is_signed ? ElementType::Int16 : ElementType::UInt16;
      return true;
    case 4:
      result = is_signed ? ElementType::Int32 : ElementType::UInt32;
      return true;
    case 8:
      result = is_signed ? ElementType::Int64 : ElementType::UInt64;
      return true;
    default:
      return false;
  }
}

Id text_type() {
  Id type(H5Tcopy(H5T_C_S1));
  H5Tset_size(type.get(), H5T_VARIABLE);
  H5Tset_cset(type.get(), H5T_CSET_UTF8);
  return type;
}

}  // namespace graftage::h5
