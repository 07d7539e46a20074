// Owner of the precompiled header that all tensor modules reuse; see GraftageModule.cmake.
