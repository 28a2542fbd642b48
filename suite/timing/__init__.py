"""Honest times: two kernels of one subject, on its own clock, in turn, warmed up, after their answers agreed.

    messages     what is asked of the subject's interpreter and what comes back     both sides
    remote       the measurement                                                    in the subject's interpreter
    agreement    whether both kernels compute the same                              in the subject's interpreter
    clocks       what time is read from                                             in the subject's interpreter
    judgement    durations -> ratio, interval, verdict, record                      in the suite
"""
