#pragma once

#include <nlohmann/json.hpp>

/// Carries out a command that has a member "ask", and returns what was found: see interop_driver.cpp.
nlohmann::json ask_fleet(const nlohmann::json& command);
