#include "graftage/core/error.hpp"
#include "h5/checked.hpp"

#include <cstdlib>

namespace graftage::h5 {
namespace {

std::string place(const std::string& object, const std::string& name) { return object + "@" + name; }

void write_attribute(const File::Handle& file, const std::string& object, const std::string& name, hid_t type,
                     const void* value) {
  const std::string where = place(object, name);
  const Writing writing{file.path, where};
  const Id space(writing(H5Screate(H5S_SCALAR), "no attribute space"));
  if (H5Aexists_by_name(file.id.get(), object.c_str(), name.c_str(), H5P_DEFAULT) > 0)
    writing(H5Adelete_by_name(file.id.get(), object.c_str(), name.c_str(), H5P_DEFAULT), "cannot be replaced");
  const Id attribute(writing(H5Acreate_by_name(file.id.get(), object.c_str(), name.c_str(), type, space.get(),
                                               H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                             "attribute cannot be created"));
  writing(H5Awrite(attribute.get(), type, value), "attribute cannot be written");
}

Id open_scalar(const File::Handle& file, const std::string& object, const std::string& name, H5T_class_t kind,
               const char* expected) {
  const std::string where = place(object, name);
  const Reading reading{file.path, where};
  Id attribute(reading(H5Aopen_by_name(file.id.get(), object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT),
                       "attribute is missing"));
  const Id type(reading(H5Aget_type(attribute.get()), "attribute has no type"));
  const Id space(reading(H5Aget_space(attribute.get()), "attribute has no space"));
  if (H5Sget_simple_extent_npoints(space.get()) != 1 || H5Tget_class(type.get()) != kind)
    throw core::DataError(file.path.string(), where, std::string("is not a single ") + expected);
  return attribute;
}

}  // namespace

void File::set_attribute(const std::string& object, const std::string& name, const std::string& value) {
  const Id type = text_type();
  const char* pointer = value.c_str();
  write_attribute(*handle_, object, name, type.get(), &pointer);
}

void File::set_attribute(const std::string& object, const std::string& name, std::int64_t value) {
  write_attribute(*handle_, object, name, H5T_STD_I64LE, &value);
}

void File::set_attribute(const std::string& object, const std::string& name, double value) {
  write_attribute(*handle_, object, name, H5T_IEEE_F64LE, &value);
}

bool File::has_attribute(const std::string& object, const std::string& name) const {
  const htri_t found = H5Aexists_by_name(handle_->id.get(), object.c_str(), name.c_str(), H5P_DEFAULT);
  if (found < 0) H5Eclear2(H5E_DEFAULT);
  return found > 0;
}

std::string File::attribute_text(const std::string& object, const std::string& name) const {
  const std::string where = place(object, name);
  const Reading reading{handle_->path, where};
  const Id attribute = open_scalar(*handle_, object, name, H5T_STRING, "text");
  const Id type(reading(H5Aget_type(attribute.get()), "attribute has no type"));
  if (H5Tis_variable_str(type.get()) > 0) {
    char* text = nullptr;
    const Id memory = text_type();
    H5Tset_cset(memory.get(), H5Tget_cset(type.get()));
    reading(H5Aread(attribute.get(), memory.get(), &text), "attribute cannot be read");
    std::string result = text == nullptr ? "" : text;
    H5free_memory(text);
    return result;
  }
  std::string result(H5Tget_size(type.get()), '\0');
  reading(H5Aread(attribute.get(), type.get(), result.data()), "attribute cannot be read");
  return result.substr(0, result.find('\0'));
}

std::int64_t File::attribute_integer(const std::string& object, const std::string& name) const {
  const std::string where = place(object, name);
  const Id attribute = open_scalar(*handle_, object, name, H5T_INTEGER, "integer");
  std::int64_t value = 0;
  Reading{handle_->path, where}(H5Aread(attribute.get(), H5T_NATIVE_INT64, &value), "attribute cannot be read");
  return value;
}

double File::attribute_number(const std::string& object, const std::string& name) const {
  const std::string where = place(object, name);
  const Id attribute = open_scalar(*handle_, object, name, H5T_FLOAT, "number");
  double value = 0;
  Reading{handle_->path, where}(H5Aread(attribute.get(), H5T_NATIVE_DOUBLE, &value), "attribute cannot be read");
  return value;
}

}  // namespace graftage::h5
