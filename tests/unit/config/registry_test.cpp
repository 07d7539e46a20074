#include "graftage/config/registry.hpp"

#include "graftage/config/load.hpp"

#include <gtest/gtest.h>

namespace graftage::config {
namespace {

struct Shape {
  virtual ~Shape() = default;
  [[nodiscard]] virtual double area() const = 0;
};

struct Square final : Shape {
  struct Config {
    double side = 2.0;
  };
  Square(const Config& config, double& scale) : area_(config.side * config.side * scale) {}
  [[nodiscard]] double area() const override { return area_; }
  double area_;
};
template <class V>
void visit_fields(V& visit, Square::Config& c) {
  visit("side", c.side, greater_than(0.0), "length of a side");
}

struct Point final : Shape {
  struct Config {};
  Point(const Config&, double&) {}
  [[nodiscard]] double area() const override { return 0.0; }
};
template <class V>
void visit_fields(V&, Point::Config&) {}

Registry<Shape, double> shapes() {
  Registry<Shape, double> table("shape");
  table.add<Square>("square").add<Point>("point");
  return table;
}

std::string refusal(const std::string& yaml) {
  try {
    (void)shapes().resolve(parse_yaml(yaml, "a.yaml"), "shape");
  } catch (const core::ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(Registry, CreatesFromASectionOrAWord) {
  double scale = 10.0;

  EXPECT_EQ(shapes().create(parse_yaml("{kind: square, side: 3}", "a"), "shape", scale)->area(), 90.0);
  EXPECT_EQ(shapes().create(parse_yaml("square", "a"), "shape", scale)->area(), 40.0);
  EXPECT_EQ(shapes().create(parse_yaml("point", "a"), "shape", scale)->area(), 0.0);
  EXPECT_EQ(shapes().names(), (std::vector<std::string>{"square", "point"}));
}

TEST(Registry, ResolvesEveryField) {
  EXPECT_EQ(shapes().resolve(parse_yaml("square", "a"), "shape").to_json(), R"({"kind":"square","side":2})");
  EXPECT_EQ(shapes().resolve(parse_yaml("{side: 1, kind: square}", "a"), "shape").to_json(),
            R"({"kind":"square","side":1})");
}

TEST(Registry, RefusesWithNameAndPlace) {
  EXPECT_EQ(refusal("sqare"),
            "a.yaml:1:1: shape: unknown shape 'sqare' (did you mean 'square'?); known: square, point");
  EXPECT_EQ(refusal("{side: 3}"), "a.yaml:1:1: shape: needs 'kind', one of square, point");
  EXPECT_EQ(refusal("{kind: square, sid: 3}"),
            "a.yaml:1:16: shape.sid: unknown key (did you mean 'side'?); allowed here: side");
  EXPECT_EQ(refusal("{kind: square, side: -1}"), "a.yaml:1:22: shape.side: '-1' must be > 0");
}

TEST(Registry, RefusesADuplicateName) {
  auto table = shapes();

  EXPECT_THROW(table.add<Point>("square"), core::InternalError);
}

}  // namespace
}  // namespace graftage::config
