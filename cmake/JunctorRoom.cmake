# junctor_room(NAME NEEDS room... LIBRARIES target...)
#
# Makes the static library junctor_NAME of every *.cpp under this folder, and the test binary
# junctor_NAME_test of every *_test.cpp. NEEDS names the rooms whose headers it may include;
# scripts/check-rooms compares that with every #include. With JUNCTOR_BUILD_FUZZERS every NAME_fuzz.cpp
# becomes the fuzz target junctor_ROOM_NAME_fuzz; its corpus is fuzz/corpus/ROOM_NAME.
function(junctor_room name)
  cmake_parse_arguments(ROOM "" "" "NEEDS;LIBRARIES;TEST_LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench)\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")

  add_library(junctor_${name} STATIC ${sources})
  set_target_properties(junctor_${name} PROPERTIES LINKER_LANGUAGE CXX EXPORT_NAME ${name})
  add_library(Junctor::${name} ALIAS junctor_${name})
  target_include_directories(junctor_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
    $<INSTALL_INTERFACE:include>)
  target_link_libraries(junctor_${name}
    PUBLIC ${ROOM_LIBRARIES} Threads::Threads
    PRIVATE $<BUILD_INTERFACE:junctor_compile_options>)
  foreach(need ${ROOM_NEEDS})
    target_link_libraries(junctor_${name} PUBLIC junctor_${need})
  endforeach()

  if(JUNCTOR_BUILD_TESTS AND tests)
    add_executable(junctor_${name}_test ${tests})
    target_link_libraries(junctor_${name}_test PRIVATE
      junctor_${name} junctor_compile_options ${ROOM_TEST_LIBRARIES} GTest::gtest_main GTest::gmock)
    target_compile_definitions(junctor_${name}_test PRIVATE
      JUNCTOR_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    gtest_discover_tests(junctor_${name}_test
      DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300 LABELS "unit;${name}")
  endif()

  if(JUNCTOR_BUILD_FUZZERS)
    junctor_fuzz_targets(${name})
  endif()
endfunction()

# The room's own code is instrumented too, or the fuzzer would see nothing of where it goes.
function(junctor_fuzz_targets room)
  target_compile_options(junctor_${room} PRIVATE -fsanitize=fuzzer-no-link)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*_fuzz.cpp")
  foreach(source ${sources})
    cmake_path(GET source STEM name)
    add_executable(junctor_${room}_${name} "${source}")
    target_link_libraries(junctor_${room}_${name} PRIVATE junctor_${room} junctor_compile_options)
    target_compile_options(junctor_${room}_${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(junctor_${room}_${name} PRIVATE -fsanitize=fuzzer)
  endforeach()
endfunction()
