cpdef object next_step(object context, object coro)
