# Speeds up builds with what the machine has; nothing here is required.

find_program(BATON_CCACHE ccache)
if(BATON_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # Without this sloppiness ccache refuses every unit that uses a precompiled header.
    set(CMAKE_CXX_COMPILER_LAUNCHER
        "${CMAKE_COMMAND}" -E env
        "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime"
        "${BATON_CCACHE}")
endif()

find_program(BATON_MOLD mold)
if(BATON_MOLD AND NOT BATON_SANITIZE)
    add_link_options(-fuse-ld=mold)
endif()
