# junctor_embed_hub(TARGET)
#
# Adds the files of hub/dist to the target as src/api/hub_files.h describes them; none when
# scripts/build-hub has not made them. What is there is looked at again at every build.
function(junctor_embed_hub target)
  set(dist "${PROJECT_SOURCE_DIR}/hub/dist")
  set(source "${PROJECT_BINARY_DIR}/generated/hub_files.cpp")
  file(GLOB_RECURSE files CONFIGURE_DEPENDS "${dist}/*")
  # With the number in its line the command also runs when files have only gone.
  list(LENGTH files count)
  add_custom_command(OUTPUT "${source}"
    COMMAND "${CMAKE_COMMAND}" "-DDIST=${dist}" "-DOUT=${source}" "-DFILES=${count}"
      -P "${PROJECT_SOURCE_DIR}/cmake/EmbedHub.cmake"
    DEPENDS ${files} "${PROJECT_SOURCE_DIR}/cmake/EmbedHub.cmake"
    COMMENT "Embedding the hub" VERBATIM)
  target_sources(${target} PRIVATE "${source}")
endfunction()
